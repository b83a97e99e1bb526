import { describe, expect, it } from 'vitest';
import { DetachWatch, defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('detach keys', () => {
  it('reads names of keys', () => {
    expect([...parseDetachKeys(defaultDetachKeys)]).toEqual([16, 17]);
    expect([...parseDetachKeys('a,ctrl-@,ctrl-[')]).toEqual([97, 0, 27]);
    expect(() => parseDetachKeys('ctrl-p,nope')).toThrow("unknown character: 'nope'");
  });

  it('detaches on the whole sequence, also when it comes in pieces', () => {
    const watch = new DetachWatch(bytes(16, 17));
    expect(watch.feed(bytes(65, 16))).toEqual({ forward: bytes(65), detached: false });
    expect(watch.feed(bytes(17))).toEqual({ forward: bytes(), detached: true });
  });

  it('passes on bytes that only began it', () => {
    const watch = new DetachWatch(bytes(16, 17));
    expect(watch.feed(bytes(16, 66)).forward).toEqual(bytes(16, 66));
    expect(watch.feed(bytes(16, 16, 67)).forward).toEqual(bytes(16, 16, 67));
  });
});
