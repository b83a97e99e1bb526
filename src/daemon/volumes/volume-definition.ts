/** What a volume is, and what the local driver takes as name and options, by Docker's rules. Pure. */
import { WharfError } from '../../contract/errors.ts';

export const anonymousLabel = 'com.docker.volume.anonymous';

export interface VolumeRecord {
  readonly name: string;
  /** `local`, or a plugin's name. */
  readonly driver: string;
  /** RFC 3339, whole seconds, as Docker shows it. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>> | null;
  /** Of a local one: type, o and device of a volume that is a mount of its own. */
  readonly options: Readonly<Record<string, string>> | null;
  /** Its removal has begun; a daemon that finds this finishes it. */
  readonly removing?: true;
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** A file name. */
const maxNameBytes = 255;
const knownOptions = ['type', 'o', 'device', 'size'];
/** Giving the one asks for the others (moby, volume/local). */
const companions: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
};
const sizePattern = /^\d+(\.\d+)? ?[kmgtp]?i?b?$/i;

export function isVolumeName(name: string): boolean {
  return namePattern.test(name) && Buffer.byteLength(name) <= maxNameBytes;
}

/** Its data is in its own folder on this disk. */
export function isPlain({ driver, options }: VolumeRecord): boolean {
  return driver === 'local' && Object.keys(options ?? {}).length === 0;
}

export function createdAtText(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** @throws WharfError 'volume.invalid' */
export function checkLocalName(name: string): void {
  if (name.length === 1) {
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  }
  if (!namePattern.test(name)) {
    throw invalid(
      `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  if (Buffer.byteLength(name) > maxNameBytes) throw invalid(`volume name is longer than ${maxNameBytes} bytes`);
}

/** @throws WharfError 'volume.invalid' */
export function checkLocalOptions(options: Readonly<Record<string, string>>): void {
  for (const option of Object.keys(options)) {
    if (!knownOptions.includes(option)) throw invalid(`invalid option: "${option}"`);
  }
  if (options.type === 'cifs' && /^\/\/[^/]*:\d+(\/|$)/.test(options.device ?? '')) {
    throw invalid("port not allowed in CIFS device URL, include 'port' in 'o='");
  }
  const { size } = options;
  if (size !== undefined) {
    if (!sizePattern.test(size)) throw invalid(`invalid size: '${size}'`);
    if (Number.parseFloat(size) > 0) throw invalid('quota size requested but no quota support');
  }
  for (const option of Object.keys(options)) {
    for (const companion of companions[option] ?? []) {
      if (options[companion] === undefined) throw invalid(`missing required option: "${companion}"`);
    }
  }
}

function invalid(message: string): WharfError {
  return new WharfError('volume.invalid', message);
}
