import type { ContainerContext, ContainerHandle } from './container-context.ts';

/** Bytes written by the container, and those together with its image. */
export async function containerSizes(
  context: ContainerContext,
  handle: ContainerHandle,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
  const { snapshots, images } = context;
  // A container whose root is gone must not keep the others from being listed.
  const own = await snapshots.usage(handle.id, options).catch((error: unknown) => {
    options.signal.throwIfAborted();
    context.log.warn('The root of a container could not be measured.', { id: handle.id, error });
    return { sizeBytes: 0 };
  });
  const image = await images.inspect(handle.record.imageId).catch(() => undefined);
  return { SizeRw: own.sizeBytes, SizeRootFs: own.sizeBytes + (image?.Size ?? 0) };
}
