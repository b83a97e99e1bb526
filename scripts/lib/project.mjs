// Where things are, and how the scripts run programs. Plain JavaScript for Node 18 and later: it runs before anything is
// installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const at = (...parts) => path.join(root, ...parts);

/** The Node 24 that the `node` package brought. */
export const node24 = at('node_modules/node/bin/node');
export const isRoot = process.getuid?.() === 0;

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const say = (text) => console.log(`${paint('36', '›')} ${text}`);
export const good = (text) => console.log(`${paint('32', '✓')} ${text}`);
export const warn = (text) => console.error(`${paint('33', '!')} ${text}`);

/** Ends the script with a message and, where there is one, what to do about it. */
export function fail(text, hint) {
  console.error(`${paint('31', '✗')} ${text}`);
  if (hint) console.error(`  ${hint}`);
  process.exit(1);
}

/** Runs a program with its output shown; resolves with the exit code (128 + n after a signal). */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      ...options,
      env: { ...process.env, ...options.env },
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
}

/** As `run`, but its output shows only when it fails. */
export async function runQuietly(title, command, args, options = {}) {
  const chunks = [];
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
      env: { ...process.env, ...options.env },
    });
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? (signal ? 128 : 1)));
  });
  if (code !== 0) {
    process.stderr.write(Buffer.concat(chunks));
    fail(`${title} failed (exit code ${code})`);
  }
}

export function hasCommand(name) {
  const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return dirs.some((dir) => dir && existsSync(path.join(dir, name)));
}

export function capture(command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
