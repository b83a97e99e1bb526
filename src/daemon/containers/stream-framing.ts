/**
 * Docker's framing of a container's output when it has no terminal (Engine API, "Stream format"): a header of eight bytes,
 * {stream, 0, 0, 0, length as 32 bits big-endian}, then the payload.
 */
export type OutputStream = 'stdout' | 'stderr';

const streamNumbers = { stdout: 1, stderr: 2 } as const;
export const frameHeaderBytes = 8;

export interface OutputPiece {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** One buffer for a whole batch: output of megabytes goes out in few writes. */
export function framePieces(pieces: readonly OutputPiece[]): Buffer {
  let total = 0;
  for (const { bytes } of pieces) total += frameHeaderBytes + bytes.length;
  const framed = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const { stream, bytes } of pieces) {
    writeFrameHeader(framed, offset, stream, bytes.length);
    framed.set(bytes, offset + frameHeaderBytes);
    offset += frameHeaderBytes + bytes.length;
  }
  return framed;
}

export function joinPieces(pieces: readonly OutputPiece[]): Buffer {
  return Buffer.concat(pieces.map((piece) => piece.bytes));
}

export function writeFrameHeader(target: Buffer, offset: number, stream: OutputStream, payloadBytes: number): void {
  target.writeUInt32BE(streamNumbers[stream] << 24, offset);
  target.writeUInt32BE(payloadBytes, offset + 4);
}
