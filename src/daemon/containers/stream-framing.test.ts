import { describe, expect, test } from 'vitest';
import { parseChunk } from '../logs/k8s-file.ts';
import { framePieces, type OutputPiece } from './stream-framing.ts';

function frames(bytes: Buffer): (readonly [number, string])[] {
  const found: (readonly [number, string])[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 8 + bytes.readUInt32BE(offset + 4);
    found.push([bytes[offset] ?? 0, bytes.subarray(offset + 8, end).toString()]);
    offset = end;
  }
  return found;
}

const piece = (stream: 'stdout' | 'stderr', text: string, prefix?: string): OutputPiece => ({
  stream,
  bytes: Buffer.from(text),
  prefix,
});

describe('framePieces', () => {
  const pieces = [
    piece('stdout', 'a\n', 'now '),
    piece('stdout', 'b\n'),
    piece('stderr', 'c\n'),
    piece('stdout', 'd\n'),
  ];

  test('gives each piece a frame', () => {
    expect(frames(framePieces(pieces, { join: false }))).toEqual([
      [1, 'now a\n'],
      [1, 'b\n'],
      [2, 'c\n'],
      [1, 'd\n'],
    ]);
  });

  test('takes entries of a log as they lie in the file, in pieces of lines and with their timestamps', () => {
    const at = '2026-11-22T04:06:27.351393879+00:00';
    const file = Buffer.from(`${at} stdout F one\n${at} stderr P tw\n${at} stderr F o\n${at} stdout F \n`);
    const { pieces: entries } = parseChunk(file);
    expect(frames(framePieces(entries, { join: false }))).toEqual([
      [1, 'one\n'],
      [2, 'tw'],
      [2, 'o\n'],
      [1, '\n'],
    ]);
    expect(frames(framePieces(entries, { join: true }))).toEqual([
      [1, 'one\n'],
      [2, 'two\n'],
      [1, '\n'],
    ]);
  });

  test('joins neighbours of one stream, in order', () => {
    expect(frames(framePieces(pieces, { join: true }))).toEqual([
      [1, 'now a\nb\n'],
      [2, 'c\n'],
      [1, 'd\n'],
    ]);
  });

  test('joined frames stay small enough for a client’s first buffer', () => {
    const lines = Array.from({ length: 5000 }, (_, index) => piece('stdout', `line ${index}\n`));
    const joined = frames(framePieces(lines, { join: true }));
    expect(joined.length).toBeLessThan(5);
    expect(Math.max(...joined.map(([, text]) => text.length))).toBeLessThanOrEqual(32 * 1024 - 8);
    expect(joined.map(([, text]) => text).join('')).toBe(lines.map(({ bytes }) => bytes.toString()).join(''));
  });
});
