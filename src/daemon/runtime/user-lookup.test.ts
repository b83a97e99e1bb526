import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findUser, lookupUser } from './user-lookup.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/srv/web:/bin/sh\n# comment\n\n';
const group = 'root:x:0:\nwww:x:33:web,other\nvideo:x:44:web\nweb:x:1001:\n';

describe('the user of a container', () => {
  it('is root when none is named', () => {
    expect(findUser(passwd, group, '')).toEqual({ uid: 0, gid: 0, additionalGids: [0], name: 'root', home: '/root' });
  });
  it('is found by name or number, with the groups it is a member of', () => {
    const web = { uid: 1000, gid: 1001, additionalGids: [1001, 33, 44], name: 'web', home: '/srv/web' };
    expect(findUser(passwd, group, 'web')).toEqual(web);
    expect(findUser(passwd, group, '1000')).toEqual(web);
  });
  it('has only the group it is given with one, and those added', () => {
    expect(findUser(passwd, group, 'web:www')).toMatchObject({ uid: 1000, gid: 33, additionalGids: [33] });
    expect(findUser(passwd, group, '1000:7')).toMatchObject({ gid: 7, additionalGids: [7] });
    expect(findUser(passwd, group, ':www', ['video', '99'])).toMatchObject({
      uid: 0,
      gid: 33,
      additionalGids: [33, 44, 99],
    });
  });
  it('may be a number nobody knows', () => {
    expect(findUser('', '', '4711:12')).toEqual({ uid: 4711, gid: 12, additionalGids: [12], home: '/' });
    expect(findUser('', '', '4711')).toMatchObject({ gid: 0 });
  });
  it('is refused in the words of Docker when the name is unknown or the number too large', () => {
    expect(() => findUser(passwd, group, 'nope')).toThrow(
      'unable to find user nope: no matching entries in passwd file',
    );
    expect(() => findUser(passwd, group, 'web:nope')).toThrow(
      'unable to find group nope: no matching entries in group file',
    );
    expect(() => findUser(passwd, group, '2147483648')).toThrow('uids and gids must be in range 0-2147483647');
  });
  it('is never looked up outside of the root, whatever its links say', () => {
    const root = mkdtempSync(`${tmpdir()}/wharf-users-`);
    try {
      mkdirSync(`${root}/etc`);
      mkdirSync(`${root}/real`);
      writeFileSync(`${root}/real/passwd`, 'inside:x:7:8::/home:/bin/sh\n');
      symlinkSync('/../../real/passwd', `${root}/etc/passwd`);
      expect(lookupUser(root, 'inside')).toMatchObject({ uid: 7, gid: 8 });
      expect(() => lookupUser(root, 'root')).toThrow('unable to find user root');
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
