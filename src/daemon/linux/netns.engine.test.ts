import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseIp } from './netlink-ip-address.ts';
import { createBridge, deleteLink, findLink, listLinks, setLink } from './netlink-links.ts';
import { addAddress, listAddresses } from './netlink-routes.ts';
import { isNetlinkError, openNetlink } from './netlink-socket.ts';
import { createNamespace, deleteNamespace, findProcessIn, inNamespace, namespaceInode } from './netns.ts';
import { openNftables } from './nftables.ts';

let root = '';
let path = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wharf-netns-'));
  path = join(root, 'ns');
  createNamespace(path);
});
afterEach(() => {
  deleteNamespace(path);
  rmSync(root, { recursive: true, force: true });
});

const ownInode = () => namespaceInode('/proc/thread-self/ns/net');
const mac = Uint8Array.of(2, 0x42, 10, 0, 0, 1);

test('work inside sees another world, and the thread comes back, also after a failure', () => {
  const own = ownInode();
  expect(inNamespace(path, ownInode)).toBe(namespaceInode(path));
  expect(inNamespace(path, () => readFileSync('/proc/thread-self/net/dev', 'utf8'))).not.toContain('eth0');
  expect(() =>
    inNamespace(path, () => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(ownInode()).toBe(own);
});

test('asynchronous work is refused', () => {
  expect(() => inNamespace(path, () => Promise.resolve(1))).toThrow(/synchronous/);
});

test('a deleted namespace leaves neither file nor mount, and deleting again is fine', () => {
  deleteNamespace(path);
  deleteNamespace(path);
  expect(existsSync(path)).toBe(false);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(root);
});

test('a namespace without processes is told from one with them', () => {
  expect(findProcessIn(namespaceInode(path) ?? 0)).toBeUndefined();
  expect(findProcessIn(ownInode() ?? 0)).toBeTypeOf('number');
});

test('links are made, changed, listed and deleted with typed errors', () => {
  inNamespace(path, () => {
    using netlink = openNetlink();
    createBridge(netlink, { name: 'br-test', mac, mtu: 1400 });
    const bridge = findLink(netlink, 'br-test');
    expect(bridge).toMatchObject({ kind: 'bridge', mtu: 1400, up: false, mac: '02:42:0a:00:00:01' });
    const duplicate = () => createBridge(netlink, { name: 'br-test', mac, mtu: 1400 });
    expect(duplicate).toThrow(expect.objectContaining({ code: 'kernel.failed', errno: 'EEXIST' }));
    const index = bridge?.index ?? 0;
    setLink(netlink, index, { name: 'br-other', up: true });
    const address = parseIp('10.0.0.1');
    if (address !== undefined) addAddress(netlink, index, address, 24);
    expect(listAddresses(netlink, 'ipv4')).toContainEqual({ index, address: '10.0.0.1', prefixLength: 24 });
    deleteLink(netlink, { index, name: 'br-other' });
    expect(listLinks(netlink).map((link) => link.name)).not.toContain('br-other');
    try {
      deleteLink(netlink, { index, name: 'br-other' });
      expect.unreachable();
    } catch (error) {
      expect(isNetlinkError(error, 'ENODEV')).toBe(true);
    }
  });
});

test('rules apply as one transaction, and a broken one says where', () => {
  inNamespace(path, () => {
    using nft = openNftables();
    nft.run('table inet t {\n set s { type inet_service\n }\n}\nadd element inet t s { 80 }\n');
    expect(nft.run('list table inet t')).toContain('elements = { 80 }');
    expect(() => nft.run('add element inet t s { 81 }\nadd element inet t nothing { 1 }\n')).toThrow(
      /No such file or directory/,
    );
    expect(nft.run('list table inet t')).not.toContain('81');
  });
});
