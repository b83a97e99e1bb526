/**
 * Docker's framing of a container's output when it has no terminal (Engine API, "Stream format"): a header of eight bytes,
 * {stream, 0, 0, 0, length as 32 bits big-endian}, then the payload.
 */
export type OutputStream = 'stdout' | 'stderr';

const streamNumbers = { stdout: 1, stderr: 2 } as const;
export const frameHeaderBytes = 8;

export function frame(stream: OutputStream, payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  writeFrameHeader(framed, 0, stream, payload.length);
  framed.set(payload, frameHeaderBytes);
  return framed;
}

export function writeFrameHeader(target: Buffer, offset: number, stream: OutputStream, payloadBytes: number): void {
  target.writeUInt32BE(streamNumbers[stream] << 24, offset);
  target.writeUInt32BE(payloadBytes, offset + 4);
}
