import { expect, it } from 'vitest';
import { sideBySide } from './side-by-side.ts';

/** Ends when its signal fires, a moment later, as a transfer that tidies up does. */
async function untilStopped(signal: AbortSignal, ended: () => void): Promise<string> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await new Promise((resolve) => setImmediate(resolve));
  ended();
  throw signal.reason;
}

it('answers come in the order of the work', async () => {
  const { signal } = new AbortController();
  const later = new Promise<string>((resolve) => setImmediate(() => resolve('first')));
  expect(await sideBySide(signal, () => [later, Promise.resolve('second')])).toEqual(['first', 'second']);
});

it('the first failure stops the others, and is thrown when they have ended', async () => {
  let ended = false;
  const work = sideBySide(new AbortController().signal, (signal) => [
    Promise.reject(new Error('no room')),
    untilStopped(signal, () => {
      ended = true;
    }),
  ]);
  await expect(work).rejects.toThrow('no room');
  expect(ended).toBe(true);
});

it('a caller who gives up hears its own reason', async () => {
  const caller = new AbortController();
  const work = sideBySide(caller.signal, (signal) => [
    untilStopped(signal, () => undefined).catch(() => {
      throw new Error('the connection broke');
    }),
  ]);
  caller.abort(new Error('given up'));
  await expect(work).rejects.toThrow('given up');
});
