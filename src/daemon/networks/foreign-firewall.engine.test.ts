import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNamespace, deleteNamespace, inNamespace } from '../linux/netns.ts';
import { type Nftables, openNftables } from '../linux/nftables.ts';
import { acceptForwarding, retractForwarding } from './foreign-firewall.ts';

/** All in a namespace of its own: the host's firewall is left alone. */
let root = '';
let nft: Nftables;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wharf-firewall-'));
  createNamespace(join(root, 'ns'));
  nft = inNamespace(join(root, 'ns'), openNftables);
});
afterEach(() => {
  nft[Symbol.dispose]();
  deleteNamespace(join(root, 'ns'));
  rmSync(root, { recursive: true, force: true });
});

function forwardChain(policy: string): void {
  const rule = 'iifname "eth0" counter accept';
  nft.run(
    `table ip filter {\n chain FORWARD {\n type filter hook forward priority 0; policy ${policy};\n ${rule}\n}\n}\n`,
  );
}
const rules = () => nft.run('list chain ip filter FORWARD').match(/[io]ifname "[^"]+"/g);

test('a chain that drops by default lets the bridges through, once, and is as before afterwards', () => {
  forwardChain('drop');
  acceptForwarding(nft, ['wharf0', 'wb-1']);
  acceptForwarding(nft, ['wharf0', 'wb-1']);
  expect(rules()?.sort()).toEqual([
    'iifname "eth0"',
    'iifname "wb-1"',
    'iifname "wharf0"',
    'oifname "wb-1"',
    'oifname "wharf0"',
  ]);
  retractForwarding(nft, ['wharf0']);
  expect(rules()?.sort()).toEqual(['iifname "eth0"', 'iifname "wb-1"', 'oifname "wb-1"']);
  retractForwarding(nft, ['wb-1', 'wharf0']);
  expect(rules()).toEqual(['iifname "eth0"']);
});

test('a chain that accepts, and a host without one, are not touched', () => {
  acceptForwarding(nft, ['wharf0']);
  expect(nft.run('list tables')).toBe('');
  forwardChain('accept');
  acceptForwarding(nft, ['wharf0']);
  expect(rules()).toEqual(['iifname "eth0"']);
});
