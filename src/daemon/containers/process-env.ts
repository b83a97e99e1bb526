import { overlayEnv } from '../images/run-config-changes.ts';
import { envName } from './merge-config.ts';

/** Docker's default for programs looked up by name. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvFacts {
  readonly hostname: string;
  readonly home: string;
  readonly tty: boolean;
  /** Of its links. */
  readonly links?: readonly string[];
}

/** The environment of a container's process: what every one has, then its own, which wins. Pure. */
export function processEnv(own: readonly string[], { hostname, home, tty, links = [] }: EnvFacts): readonly string[] {
  const base = [`PATH=${defaultPath}`, `HOSTNAME=${hostname}`, ...(tty ? ['TERM=xterm'] : []), ...links];
  // A name without a value takes the variable away.
  const unset = new Set(own.filter((line) => !line.includes('=')));
  const merged = overlayEnv(
    base,
    own.filter((line) => line.includes('=')),
  ).filter((line) => !unset.has(envName(line)));
  return merged.some((line) => envName(line) === 'HOME') ? merged : [...merged, `HOME=${home}`];
}
