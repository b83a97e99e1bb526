/** Values that requests carry in Docker's own encodings: filter maps, credentials, platforms. */
import { WharfError } from '../../../contract/errors.ts';
import { parseValue } from '../../../contract/parse.ts';
import type { Filters } from '../../../contract/schema.ts';
import { AuthConfig } from '../../../contract/types/system.ts';
import { type Platform, parsePlatform } from '../../../oci/platform.ts';
import type { RegistryAuth } from '../../../registry/client/registry-client.ts';

export function filterMap(filters: Filters | undefined): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(filters ?? {}));
}

/**
 * X-Registry-Auth: JSON in base64url. Docker's daemon goes on without credentials when it can not be read, as clients
 * send an empty or odd one for public images.
 */
export function registryAuth(header: string | undefined): RegistryAuth | undefined {
  if (header === undefined || header === '') return undefined;
  try {
    const auth = parseValue(AuthConfig, JSON.parse(Buffer.from(header, 'base64url').toString('utf8')));
    return credentialsOf(auth);
  } catch {
    return undefined;
  }
}

/**
 * X-Registry-Config: credentials by registry, JSON in base64url, as builds send them. What can not be read is left out.
 */
export function registryConfig(header: string | undefined): ReadonlyMap<string, RegistryAuth> {
  const config = new Map<string, RegistryAuth>();
  const json = header === undefined ? undefined : readJson(Buffer.from(header, 'base64url').toString('utf8'));
  if (typeof json !== 'object' || json === null) return config;
  for (const [registry, entry] of Object.entries(json)) {
    const auth = registryAuth(Buffer.from(JSON.stringify(entry)).toString('base64url'));
    if (auth !== undefined) config.set(registry, auth);
  }
  return config;
}

/** `auth` is the older spelling of both: base64 of `user:password`. */
export function credentialsOf(config: AuthConfig): RegistryAuth | undefined {
  const { auth, email: _email, ...rest } = config;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth ?? '', 'base64').toString('utf8')) ?? [];
  const result: RegistryAuth = user === undefined ? rest : { username: user, password, ...rest };
  const useful = [result.username, result.identitytoken, result.registrytoken].some((value) => (value ?? '') !== '');
  return useful ? result : undefined;
}

/** `linux/arm64`, or since API 1.49 an OCI platform as JSON. @throws WharfError 'request.invalid' */
export function platformOf(text: string | undefined, host: Platform): Platform | undefined {
  if (text === undefined || text === '') return undefined;
  if (!text.startsWith('{')) return parsePlatform(text, host);
  const value: unknown = readJson(text);
  if (typeof value !== 'object' || value === null) throw invalidPlatform(text);
  const { os, architecture, variant } = value as { os?: unknown; architecture?: unknown; variant?: unknown };
  if (typeof os !== 'string' || typeof architecture !== 'string') throw invalidPlatform(text);
  const parts = [os, architecture, ...(typeof variant === 'string' && variant !== '' ? [variant] : [])];
  return parsePlatform(parts.join('/'), host);
}

/** Of a parameter that may come several times. */
export function platformsOf(texts: readonly string[] | undefined, host: Platform): readonly Platform[] {
  return (texts ?? []).flatMap((text) => platformOf(text, host) ?? []);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalidPlatform(text: string): WharfError {
  return new WharfError('request.invalid', `query parameter platform: not a platform: ${text.slice(0, 80)}`);
}

/** Joins Docker's `repo` and `tag` (or `fromImage` and `tag`); a tag may be a digest. */
export function joinReference(name: string, tag: string | undefined): string {
  if (tag === undefined || tag === '') return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}

const maxSide = 2n ** 32n - 1n;

/** Rows and columns; neither has a default, as in dockerd. @throws WharfError 'request.invalid' in dockerd's words */
export function terminalSize(query: { readonly h?: string; readonly w?: string }) {
  return { rows: terminalSide('height', query.h ?? ''), columns: terminalSide('width', query.w ?? '') };
}

function terminalSide(name: 'height' | 'width', text: string): number {
  const invalid = (why: string) =>
    new WharfError('request.invalid', `invalid resize ${name} ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw invalid('invalid syntax');
  const value = BigInt(text.replace(/^\+/, ''));
  if (value < 0n || value > maxSide) throw invalid('value out of range');
  return Number(value);
}
