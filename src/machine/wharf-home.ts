import { homedir } from 'node:os';
import path from 'node:path';

/** Folder of this user's client state (settings, contexts, extensions, gateway sessions): $WHARF_HOME, else ~/.wharf. */
export function wharfHome(env: NodeJS.ProcessEnv = process.env): string {
  const told = env.WHARF_HOME;
  return told === undefined || told === '' ? path.join(homedir(), '.wharf') : path.resolve(told);
}
