import { describe, expect, it } from 'vitest';
import type { ProgressMessage } from '../../contract/engine-types.ts';
import { progressText, showProgress } from './progress-display.ts';

async function shown(messages: readonly ProgressMessage[], redraw: boolean, columns = 80): Promise<string> {
  let text = '';
  async function* stream() {
    yield* messages;
  }
  const write = async (part: string) => {
    text += part;
  };
  await showProgress(stream(), { redraw, columns, write });
  return text;
}

const pull: readonly ProgressMessage[] = [
  { status: 'Pulling from library/a', id: 'latest' },
  { status: 'Downloading', id: 'one', progressDetail: { current: 500_000, total: 1_000_000 } },
  { status: 'Downloading', id: 'two', progressDetail: { current: 1, total: 10 } },
  { status: 'Pull complete', id: 'one', progressDetail: {} },
  { status: 'Status: Downloaded newer image for a:latest' },
];

describe('progress', () => {
  it('prints only whole steps where lines can not be redrawn', async () => {
    expect(await shown(pull, false)).toBe(
      'latest: Pulling from library/a\none: Pull complete\nStatus: Downloaded newer image for a:latest\n',
    );
  });

  it('redraws the line of each ID in place on a terminal', async () => {
    const text = await shown(pull, true);
    expect(text).toContain('\r\u001b[2Kone: Downloading    500kB/1MB\n');
    expect(text).toContain('\u001b[2A\r\u001b[2Kone: Pull complete\r\u001b[2B');
  });

  it('draws a bar where there is room for it', () => {
    const half = { progressDetail: { current: 50, total: 100 } };
    expect(progressText(half, 80)).toBe('     50B/100B');
    expect(progressText(half, 120)).toBe(`[${'='.repeat(25)}>${' '.repeat(25)}]      50B/100B`);
    expect(progressText({ progressDetail: {} }, 80)).toBe('');
  });

  it('throws what the engine reports in the stream', async () => {
    const failed: ProgressMessage = {
      errorDetail: { message: 'digest mismatch', wharfCode: 'digest.mismatch', hint: 'Try again.' },
    };
    await expect(shown([failed], false)).rejects.toMatchObject({
      code: 'digest.mismatch',
      message: 'digest mismatch',
      hint: 'Try again.',
    });
    await expect(shown([{ error: 'plain' }], false)).rejects.toMatchObject({ code: 'engine.failed', message: 'plain' });
  });
});
