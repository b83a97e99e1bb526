import type { ContainerContext } from './container-context.ts';
import { isLive } from './container-state.ts';
import { refusalError } from './refusals.ts';

/** POST /containers/{id}/resize. */
export async function resizeContainer(
  context: ContainerContext,
  ref: string,
  size: { readonly rows: number; readonly columns: number },
): Promise<void> {
  const handle = context.find(ref);
  if (!isLive(handle.state)) throw refusalError(handle, 'not-running');
  await context.runtime.resize(handle.id, size);
  context.announce(handle, 'resize', { height: String(size.rows), width: String(size.columns) });
}
