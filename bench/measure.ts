import { spawn } from 'node:child_process';
import type { CommandLine } from './subject.ts';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** Runs a command with its output thrown away unread by us. @throws when it fails */
export function runQuiet(command: CommandLine, args: readonly string[], timeoutMs = 120_000): Promise<void> {
  const [program, ...rest] = command.argv(args);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env: command.env, stdio: ['ignore', 'ignore', 'pipe'], timeout: timeoutMs });
    let complaint = '';
    child.stderr.on('data', (bytes) => {
      complaint += String(bytes);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command.name}: ${args.join(' ')} ended with ${code}: ${complaint}`));
    });
  });
}
