/** The file of users as a whole: who is in it, one more, one less. Lines of others are never touched. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WharfError } from '../../../contract/errors.ts';
import { htpasswdLine } from './htpasswd.ts';

/** Names, sorted; none where there is no file yet. */
export async function listUsers(file: string): Promise<readonly string[]> {
  const lines = await linesOf(file);
  return lines.flatMap((line) => nameOf(line) ?? []).sort();
}

/** Adds a user or changes a password. @throws WharfError 'request.invalid' for a name or password that can not be */
export async function putUser(file: string, name: string, password: string): Promise<void> {
  const line = await htpasswdLine(name, password);
  const others = (await linesOf(file)).filter((other) => nameOf(other) !== name);
  await replace(file, [...others, line]);
}

/** @throws WharfError 'request.invalid' when there is no such user */
export async function removeUser(file: string, name: string): Promise<void> {
  const lines = await linesOf(file);
  const others = lines.filter((line) => nameOf(line) !== name);
  if (others.length === lines.length)
    throw new WharfError('request.invalid', `there is no user ${JSON.stringify(name)} in ${file}`, {
      hint: '`registry user ls` names them.',
    });
  await replace(file, others);
}

async function linesOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Undefined for a comment, and for what is no user's line. */
function nameOf(line: string): string | undefined {
  const colon = line.indexOf(':');
  return line.startsWith('#') || colon <= 0 ? undefined : line.slice(0, colon);
}

/** Never half a file: a registry that serves reads it anew when it changes. */
async function replace(file: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  await rename(temporary, file);
}
