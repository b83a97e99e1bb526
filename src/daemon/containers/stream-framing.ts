/**
 * Docker's framing of a container's output when it has no terminal (Engine API, "Stream format"): a header of eight bytes,
 * {stream, 0, 0, 0, length as 32 bits big-endian}, then the payload.
 */
export type OutputStream = 'stdout' | 'stderr';

const streamNumbers = { stdout: 1, stderr: 2 } as const;
export const frameHeaderBytes = 8;

export interface OutputPiece {
  readonly stream: OutputStream;
  /** ASCII to go before the bytes (a timestamp). */
  readonly prefix?: string;
  readonly bytes: Uint8Array;
  /** Of the bytes; with `copyTo`, for pieces that make `bytes` only when they are asked for. */
  readonly length?: number;
  copyTo?(target: Buffer, offset: number): void;
}

/** Docker's clients read into 32 KiB at first; larger frames make them allocate. */
const maxJoinedBytes = 32 * 1024 - frameHeaderBytes;

/**
 * One buffer for a whole batch, so that output of megabytes goes out in few writes. With `join`, neighbours of one stream
 * share a frame: clients work once for each frame, which for millions of short lines is all their time.
 */
export function framePieces(pieces: readonly OutputPiece[], options: { readonly join: boolean }): Buffer {
  let total = 0;
  for (const piece of pieces) total += frameHeaderBytes + (piece.prefix?.length ?? 0) + byteLength(piece);
  const framed = Buffer.allocUnsafe(total);
  let offset = 0;
  let frameStart = -1;
  let frameStream: OutputStream | undefined;
  for (const piece of pieces) {
    const inFrame = offset - frameStart - frameHeaderBytes;
    const length = byteLength(piece);
    const payload = (piece.prefix?.length ?? 0) + length;
    const fits = options.join && piece.stream === frameStream && inFrame + payload <= maxJoinedBytes;
    if (!fits) {
      frameStart = offset;
      frameStream = piece.stream;
      framed.writeUInt32BE(streamNumbers[piece.stream] << 24, offset);
      offset += frameHeaderBytes;
    }
    if (piece.prefix) offset += framed.write(piece.prefix, offset, 'latin1');
    if (piece.copyTo === undefined) framed.set(piece.bytes, offset);
    else piece.copyTo(framed, offset);
    offset += length;
    framed.writeUInt32BE(offset - frameStart - frameHeaderBytes, frameStart + 4);
  }
  return framed.subarray(0, offset);
}

function byteLength(piece: OutputPiece): number {
  return piece.length ?? piece.bytes.length;
}

export function joinPieces(pieces: readonly OutputPiece[]): Buffer {
  return Buffer.concat(
    pieces.flatMap(({ prefix, bytes }) => (prefix ? [Buffer.from(prefix, 'latin1'), bytes] : [bytes])),
  );
}
