import { describe, expect, test } from 'vitest';
import { mergeConfig } from './merge-config.ts';

const image = {
  User: 'www',
  Env: ['PATH=/bin', 'MODE=image'],
  Entrypoint: ['/entry'],
  Cmd: ['serve'],
  WorkingDir: '/srv',
  ExposedPorts: { '80/tcp': {} },
  Volumes: { '/data': {} },
  Labels: { a: 'image', b: 'image' },
  StopSignal: 'SIGQUIT',
  Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9, Retries: 3 },
};

describe('command', () => {
  test.each([
    ['nothing given', {}, ['/entry', 'serve']],
    ['a command', { Cmd: ['other'] }, ['/entry', 'other']],
    ['an entrypoint drops the image command', { Entrypoint: ['/mine'] }, ['/mine']],
    ['both', { Entrypoint: ['/mine'], Cmd: ['x'] }, ['/mine', 'x']],
    ['an emptied entrypoint', { Entrypoint: [''], Cmd: ['x'] }, ['x']],
    ['null means not given', { Entrypoint: null, Cmd: null }, ['/entry', 'serve']],
  ])('%s', (_, wanted, args) => {
    expect(mergeConfig(wanted, image).args).toEqual(args);
  });

  test('none at all is an error in Docker’s words', () => {
    expect(() => mergeConfig({}, {})).toThrow('no command specified');
    expect(() => mergeConfig({ Entrypoint: [''] }, image)).toThrow('no command specified');
  });
});

test('variables, ports, volumes and labels add up, the user’s winning', () => {
  const { config } = mergeConfig(
    { Env: ['MODE=user', 'X=1'], ExposedPorts: { '81/tcp': {} }, Volumes: { '/more': {} }, Labels: { a: 'user' } },
    image,
  );
  expect(config).toMatchObject({
    User: 'www',
    WorkingDir: '/srv',
    StopSignal: 'SIGQUIT',
    Env: ['MODE=user', 'X=1', 'PATH=/bin'],
    ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
    Volumes: { '/data': {}, '/more': {} },
    Labels: { a: 'user', b: 'image' },
  });
});

test('a health check of one’s own fills up from the image, and NONE turns it off', () => {
  expect(mergeConfig({ Healthcheck: { Interval: 1e9 } }, image).config.Healthcheck).toEqual({
    Test: ['CMD', 'true'],
    Interval: 1e9,
    Retries: 3,
  });
  expect(mergeConfig({ Healthcheck: { Test: ['NONE'] } }, image).config.Healthcheck?.Test).toEqual(['NONE']);
});
