import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../oci/digest.ts';
import type { ProgressMessage } from './image-service.ts';
import { humanSize, LayerProgress, progressBar } from './progress-lines.ts';

const digest = parseDigest(`sha256:${'ab'.repeat(32)}`);

describe('progress lines', () => {
  it.each([
    [0, 100, `[>${' '.repeat(50)}]       0B/100B`],
    [50_000, 100_000, `[${'='.repeat(25)}>${' '.repeat(25)}]     50kB/100kB`],
    [100, 100, `[${'='.repeat(50)}>]     100B/100B`],
    [200, 100, `[${'='.repeat(50)}>]     200B`],
    [1_234_567, 0, ' 1.235MB'],
  ])('draws %i of %i as docker does', (current, total, bar) => {
    expect(progressBar(current, total)).toBe(bar);
  });

  it('writes sizes with four digits', () => {
    expect([0, 999, 1000, 1_234_567, 98_765_432_100].map(humanSize)).toEqual([
      '0B',
      '999B',
      '1kB',
      '1.235MB',
      '98.77GB',
    ]);
  });

  it('says a state once, thins what moves, and never loses the last step', () => {
    const lines: ProgressMessage[] = [];
    const progress = new LayerProgress(digest, (line) => lines.push(line));
    progress.say('Waiting');
    progress.say('Waiting');
    for (let at = 0; at <= 1000; at++) progress.move('Downloading', at, 1000);
    progress.say('Download complete');
    expect(lines[0]).toEqual({ status: 'Waiting', progressDetail: {}, id: 'abababababab' });
    expect(lines.length).toBeLessThan(20);
    expect(lines.at(-2)).toMatchObject({ status: 'Downloading', progressDetail: { current: 1000, total: 1000 } });
    expect(lines.at(-1)?.status).toBe('Download complete');
  });
});
