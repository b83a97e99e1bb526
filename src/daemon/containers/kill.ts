import { constants } from 'node:os';
import { WharfError } from '../../contract/errors.ts';
import { advance } from './advance.ts';
import type { ContainerContext } from './container-context.ts';
import { isLive } from './container-state.ts';
import { endContainer } from './end-container.ts';
import { reworded } from './reworded.ts';
import { parseSignal, SIGKILL } from './signals.ts';
import { stopSignal } from './stop.ts';

/**
 * POST /containers/{id}/kill. SIGKILL answers when the container has ended; the stop signal counts as the user's stop, so
 * that no restart policy acts; any other signal is only sent.
 */
export async function killContainer(
  context: ContainerContext,
  ref: string,
  options: { readonly signalName?: string },
): Promise<void> {
  try {
    await sendKill(context, ref, options);
  } catch (error) {
    throw reworded(`cannot kill container: ${ref}: `, error);
  }
}

async function sendKill(
  context: ContainerContext,
  ref: string,
  options: { readonly signalName?: string },
): Promise<void> {
  const handle = context.find(ref);
  const signalNumber = options.signalName ? parseSignal(options.signalName) : SIGKILL;
  const notRunning = () => new WharfError('container.not-running', `container ${handle.id} is not running`);
  if (!isLive(handle.state) && handle.state.kind !== 'restarting') throw notRunning();
  // Between two runs there is nobody to send it to; that there is no next run is what is meant.
  if (signalNumber === SIGKILL || handle.state.kind === 'restarting') {
    if ((await endContainer(context, handle, { signalNumber, graceMs: undefined, by: 'user' })) === 'unchanged') {
      throw notRunning();
    }
    return;
  }
  await handle.queue.run(async () => {
    const { state } = handle;
    if (!isLive(state)) throw notRunning();
    if (state.kind === 'paused') {
      throw new WharfError('container.paused', `container ${handle.id} is paused`);
    }
    if (meansStop(signalNumber, handle.record.config.StopSignal)) {
      advance(context, handle, { type: 'stop-requested', by: 'user' });
    }
    await context.runtime.kill(handle.id, signalNumber);
    context.announce(handle, 'kill', { signal: String(signalNumber) });
  });
}

/** Without a stop signal of its own every signal that usually ends a program is meant to. */
function meansStop(signalNumber: number, own: string | undefined): boolean {
  if (own) return signalNumber === stopSignal(own);
  const { SIGTERM, SIGINT, SIGQUIT, SIGABRT } = constants.signals;
  return [SIGTERM, SIGINT, SIGQUIT, SIGABRT].some((usual) => usual === signalNumber);
}
