import { describe, expect, it } from 'vitest';
import { WharfError } from '../../contract/errors.ts';
import { decodeDevice, errnoOf, parseMountInfo } from './mount.ts';

describe('mountinfo', () => {
  it('reads optional fields, escapes and super options', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue',
      '22 1 0:21 / / rw - overlay overlay rw,lowerdir=/a:/b',
      'garbage',
      '',
    ].join('\n');
    const points = parseMountInfo(text);
    expect(points).toHaveLength(2);
    expect(points[0]).toEqual({
      id: 36,
      parentId: 35,
      root: '/mnt1',
      target: '/mnt 2',
      options: 'rw,noatime',
      propagation: ['master:1', 'shared:7'],
      type: 'ext3',
      source: '/dev/root',
      superOptions: 'rw,errors=continue',
    });
    expect(points[1]?.superOptions).toBe('rw,lowerdir=/a:/b');
  });
});

describe('errno', () => {
  it('is found in causes, and not taken from our own codes', () => {
    const cause = Object.assign(new Error('x'), { code: 'EBUSY' });
    expect(errnoOf(new WharfError('kernel.failed', 'mount', { cause }))).toBe('EBUSY');
    expect(errnoOf(new WharfError('kernel.failed', 'mount'))).toBeUndefined();
    expect(errnoOf('text')).toBeUndefined();
  });
});

describe('device numbers', () => {
  it('are taken apart as glibc packs them', () => {
    expect(decodeDevice(0x0103)).toEqual({ major: 1, minor: 3 });
    expect(decodeDevice(0x1_0000_0801)).toEqual({ major: 8, minor: 0x10_0001 });
  });
});
