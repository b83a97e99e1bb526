import { readdirSync, readFileSync } from 'node:fs';

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** These processes, and those whose command line names this folder. */
export function processesNaming(folder: string, roots: readonly number[]): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => roots.includes(pid) || read(`/proc/${pid}/cmdline`).includes(folder));
}

/** Pss: memory of their own plus their share of what others have too. Rss: what is shared counts whole for each. */
export function memoryBytes(pids: readonly number[], kind: 'Pss' | 'Rss'): number {
  return pids.reduce((sum, pid) => {
    const kib = new RegExp(`^${kind}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
    return sum + Number(kib ?? 0) * 1024;
  }, 0);
}
