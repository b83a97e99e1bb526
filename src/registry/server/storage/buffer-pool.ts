/** Buffers for sending blobs, used again: fresh ones of this size cost more than the copy into them. */

export const pooledBytes = 512 * 1024;
/** 32 MiB; more readers than this make buffers of their own for as long as they read. */
const maxIdle = 64;
const idle: Buffer[] = [];

export function takeBuffer(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(pooledBytes);
}

/** @param buffer which nobody reads or writes any more */
export function giveBack(buffer: Buffer): void {
  if (idle.length < maxIdle) idle.push(buffer);
}
