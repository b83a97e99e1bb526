import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWharfError } from '../../contract/errors.ts';
import {
  decodeDevice,
  errnoOf,
  getXattr,
  isMounted,
  listXattr,
  mknod,
  mount,
  nodeKinds,
  removeXattr,
  setXattr,
  unmount,
} from './mount.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wharf-mount-'));
});
afterEach(async () => {
  await unmount(join(dir, 'm'), { lazy: true });
  rmSync(dir, { recursive: true, force: true });
});

describe('mount', () => {
  it('mounts, is seen, and unmounts; unmounting twice is fine', async () => {
    const target = join(dir, 'm');
    mkdirSync(target);
    mount({ source: 'tmpfs', target, type: 'tmpfs', flags: 0, data: 'size=1m' });
    expect(isMounted(target)).toBe(true);
    await unmount(target);
    expect(isMounted(target)).toBe(false);
    await unmount(target);
  });

  it('names the errno when the target is missing', () => {
    const attempt = () => mount({ source: 'tmpfs', target: join(dir, 'none'), type: 'tmpfs', flags: 0 });
    expect(attempt).toThrow(/ENOENT/);
    try {
      attempt();
    } catch (error) {
      expect(isWharfError(error, 'kernel.failed')).toBe(true);
      expect(errnoOf(error)).toBe('ENOENT');
    }
  });
});

describe('attributes and nodes', () => {
  it('sets, reads, lists and removes attributes, also of links and non-UTF-8 names', () => {
    const file = Buffer.concat([Buffer.from(`${dir}/`), Buffer.of(0xff, 0x41)]);
    writeFileSync(file, '');
    setXattr(file, 'trusted.one', Buffer.alloc(600, 7));
    expect(getXattr(file, 'trusted.one')).toEqual(Buffer.alloc(600, 7));
    expect(listXattr(file)).toEqual(['trusted.one']);
    removeXattr(file, 'trusted.one');
    removeXattr(file, 'trusted.one');
    expect(getXattr(file, 'trusted.one')).toBeUndefined();
    const link = join(dir, 'link');
    symlinkSync('/etc/passwd', link);
    setXattr(link, 'trusted.l', Buffer.from('v'));
    expect(listXattr(link)).toEqual(['trusted.l']);
    expect(listXattr('/etc/passwd')).not.toContain('trusted.l');
  });

  it('makes devices and fifos', () => {
    mknod(join(dir, 'dev'), nodeKinds.charDevice | 0o600, { major: 259, minor: 70_000 });
    expect(decodeDevice(lstatSync(join(dir, 'dev')).rdev)).toEqual({ major: 259, minor: 70_000 });
    mknod(join(dir, 'fifo'), nodeKinds.fifo | 0o600, { major: 0, minor: 0 });
    expect(lstatSync(join(dir, 'fifo')).isFIFO()).toBe(true);
    expect(() => mknod(join(dir, 'fifo'), nodeKinds.fifo, { major: 0, minor: 0 })).toThrow(/EEXIST/);
  });
});
