/** Checks that mounts of all spellings share, and the errors they are refused with, in Docker's words. Pure. */
import { posix } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import type { MountRecord } from './container-record.ts';

type Recorded<K extends MountRecord['kind']> = Extract<MountRecord, { kind: K }>;

/** What a mount is to be, checked but not made: create.ts makes the volume or the image's snapshot and fills in the rest. */
export type WantedMount =
  | { readonly kind: 'ready'; readonly mount: Recorded<'bind' | 'tmpfs'> | InheritedMount }
  | {
      readonly kind: 'volume';
      /** `driver` is '' for that of the volume there is, or the local one. */
      readonly mount: Omit<Recorded<'volume'>, 'name' | 'anonymous'>;
      /** undefined: one of its own, without a name. */
      readonly name: string | undefined;
      readonly labels: Readonly<Record<string, string>> | undefined;
      readonly options: Readonly<Record<string, string>> | undefined;
    }
  | {
      readonly kind: 'image';
      readonly reference: string;
      readonly destination: string;
      readonly subpath: string;
    };
/** Of another container (--volumes-from). */
type InheritedMount = MountRecord;

export const propagations: ReadonlySet<string> = new Set([
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
]);

export function destinationOf(wanted: WantedMount): string {
  return wanted.kind === 'image' ? wanted.destination : wanted.mount.destination;
}

/** What is wrong with a path as destination; undefined when nothing is. */
export function destinationFault(path: string): string | undefined {
  if (posix.normalize(path) === '/') return "invalid specification: destination can't be '/'";
  return absoluteFault(path);
}

export function absoluteFault(path: string): string | undefined {
  return path.startsWith('/') ? undefined : `invalid mount path: '${path}' mount path must be absolute`;
}

/** As Go's path.Clean: no slash at the end. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** Whether a relative path stays below where it begins (Go's filepath.IsLocal). */
export function staysInside(path: string): boolean {
  if (path === '') return false;
  const clean = posix.normalize(path);
  return !clean.startsWith('/') && clean !== '..' && !clean.startsWith('../');
}

export function duplicateMount(destination: string): WharfError {
  return new WharfError('container.config-invalid', `Duplicate mount point: ${destination}`);
}
