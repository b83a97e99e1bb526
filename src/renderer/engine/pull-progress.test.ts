import { expect, test } from 'vitest';
import { emptyProgress, reduceProgress, totalShare } from './pull-progress.ts';

const fold = (...messages: Parameters<typeof reduceProgress>[1][]) => messages.reduce(reduceProgress, emptyProgress);

test('a layer goes from waiting over downloading and extracting to done, and keeps its place in the list', () => {
  const progress = fold(
    { status: 'Pulling from library/nginx', id: 'latest' },
    { status: 'Pulling fs layer', id: 'aaa' },
    { status: 'Pulling fs layer', id: 'bbb' },
    { status: 'Downloading', id: 'aaa', progressDetail: { current: 50, total: 100 } },
    { status: 'Already exists', id: 'bbb' },
    { status: 'Extracting', id: 'aaa', progressDetail: { current: 100, total: 100 } },
    { status: 'Pull complete', id: 'aaa' },
  );
  expect(progress.layers.map((layer) => [layer.id, layer.phase])).toEqual([
    ['aaa', 'done'],
    ['bbb', 'exists'],
  ]);
  expect(totalShare(progress)).toBe(1);
});

test('the line that names the repository is no layer', () => {
  expect(fold({ status: 'Pulling from library/nginx', id: 'latest' }).layers).toEqual([]);
});

test('the digest and the closing status are kept', () => {
  const progress = fold({ status: 'Digest: sha256:abc' }, { status: 'Status: Image is up to date for nginx:latest' });
  expect(progress).toMatchObject({ digest: 'sha256:abc', status: 'Status: Image is up to date for nginx:latest' });
});

test('an error of the stream becomes the error of the pull, with its hint', () => {
  const progress = fold({ error: 'boom', errorDetail: { message: 'boom: no space', hint: 'Free space.' } });
  expect(progress).toMatchObject({ error: 'boom: no space', hint: 'Free space.' });
});

test('the total weighs layers by their bytes', () => {
  const progress = fold(
    { status: 'Download complete', id: 'big', progressDetail: { current: 900, total: 900 } },
    { status: 'Pull complete', id: 'small', progressDetail: { current: 100, total: 100 } },
  );
  expect(totalShare(progress)).toBeCloseTo(0.55);
});
