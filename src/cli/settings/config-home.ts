import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../argv/usage-error.ts';

/** The folder of a user's client state: `$WHARF_HOME`, else `~/.wharf`. Files are small, private and written whole. */
export class ConfigHome {
  readonly dir: string;
  constructor(dir: string) {
    this.dir = dir;
  }

  /** The parsed file, or undefined when there is none. @throws UsageError for a file that is no JSON object */
  readJson(name: string): Readonly<Record<string, unknown>> | undefined {
    return readJsonFile(join(this.dir, name));
  }

  writeJson(name: string, value: unknown): void {
    this.writeText(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  readText(name: string): string | undefined {
    return readTextFile(join(this.dir, name));
  }

  /** Replaces the file at once, so that a reader never sees half of it. */
  writeText(name: string, text: string): void {
    const path = join(this.dir, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, text, { mode: 0o600 });
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
  }

  remove(name: string): void {
    rmSync(join(this.dir, name), { force: true });
  }
}

export function configHomeDir(env: Readonly<Record<string, string | undefined>>): string {
  const dir = env.WHARF_HOME;
  return dir !== undefined && dir !== '' ? dir : join(env.HOME ?? '/', '.wharf');
}

/** A JSON object from a file, or undefined when there is none. @throws UsageError when it is something else */
export function readJsonFile(path: string): Readonly<Record<string, unknown>> | undefined {
  const text = readTextFile(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is no valid JSON: ${error instanceof Error ? error.message : String(error)}`, {
      exitCode: 1,
      hint: 'Correct the file or remove it.',
    });
  }
  if (isRecord(value)) return value;
  throw new UsageError(`${path} holds no JSON object`, { exitCode: 1, hint: 'Correct the file or remove it.' });
}

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
