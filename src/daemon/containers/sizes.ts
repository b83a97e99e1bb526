import type { ContainerContext, ContainerHandle } from './container-context.ts';

/** Bytes written by the container, and those together with its image. */
export async function containerSizes(
  context: ContainerContext,
  handle: ContainerHandle,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
  const { snapshots, images } = context;
  const own = await snapshots.usage(handle.id, options);
  const image = await images.inspect(handle.record.imageId).catch(() => undefined);
  return { SizeRw: own.sizeBytes, SizeRootFs: own.sizeBytes + (image?.Size ?? 0) };
}
