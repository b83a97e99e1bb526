/** Engines that use iptables leave rules behind when they end. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface HostRules {
  readonly text: string;
  readonly tables: ReadonlySet<string>;
}

function readRules(): HostRules {
  const text = execFileSync('iptables-save', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { text, tables: new Set([...text.matchAll(/^\*(\S+)$/gm)].map(([, name = '']) => name)) };
}

/** Takes note of the host's rules; disposing of it puts them back as they were. */
export function keepHostRules(): Disposable {
  if (!existsSync('/usr/sbin/iptables-save')) return { [Symbol.dispose]() {} };
  const before = readRules();
  return { [Symbol.dispose]: () => restoreRules(before) };
}

/** Tables that were not there go; the others become what they were. */
function restoreRules(before: HostRules): void {
  execFileSync('iptables-restore', { input: before.text });
  for (const table of readRules().tables)
    if (!before.tables.has(table)) execFileSync('nft', ['delete', 'table', 'ip', table]);
}
