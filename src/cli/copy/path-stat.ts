import type { EngineClient } from '../../client/engine-client.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';

/** What is at a path in a container. */
export interface PathStat {
  readonly name: string;
  readonly sizeBytes: number;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly linkTarget: string;
}

/** Undefined when nothing is there. A missing container throws. */
export async function statInContainer(
  engine: EngineClient,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<PathStat | undefined> {
  try {
    const { headers } = await engine.head('ContainerArchiveInfo', { params: { id }, query: { path }, signal });
    return parsePathStat(headers['x-docker-container-path-stat'] ?? '');
  } catch (error) {
    if (!isWharfError(error) || error.status !== 404) throw error;
    // A HEAD answer has no body to tell a missing path from a missing container.
    await engine.call('ContainerInspect', { params: { id }, signal });
    return undefined;
  }
}

/** Bits of Go's os.FileMode. */
const goDirectory = 2 ** 31;
const goSymlink = 2 ** 27;
const goTypeBits = [goDirectory, goSymlink, 2 ** 26, 2 ** 25, 2 ** 24, 2 ** 21, 2 ** 19];

/** Decodes the header X-Docker-Container-Path-Stat. */
export function parsePathStat(header: string): PathStat {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    if (typeof value === 'object' && value !== null && 'name' in value && 'mode' in value && 'size' in value) {
      const mode = Number(value.mode);
      return {
        name: String(value.name),
        sizeBytes: Number(value.size),
        kind: kindOf(mode),
        linkTarget: 'linkTarget' in value ? String(value.linkTarget) : '',
      };
    }
  } catch (cause) {
    throw new WharfError('engine.protocol', 'reading the path header: not base64 of JSON', { cause });
  }
  throw new WharfError('engine.protocol', 'reading the path header: fields are missing');
}

function kindOf(mode: number): PathStat['kind'] {
  // Bit operations in JavaScript are 32 bits and signed; the directory bit is the sign.
  const has = (bit: number): boolean => Math.floor(mode / bit) % 2 === 1;
  if (has(goDirectory)) return 'directory';
  if (has(goSymlink)) return 'link';
  return goTypeBits.some(has) ? 'other' : 'file';
}
