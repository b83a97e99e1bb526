/**
 * The settings file of a served registry (`--settings FILE`), JSON; every part may be left out:
 *
 *     { "access": [{ "repositories": ["team/*"], "users": ["alice"], "allow": ["read", "write", "delete"] }],
 *       "limits": { "blobBytes": 10737418240, "requestsPerSecond": 200 },
 *       "collectEveryMinutes": 60, "sparse": false, "auditLog": "/var/log/wharf-registry.jsonl" }
 */
import { readFile } from 'node:fs/promises';
import { WharfError } from '../../contract/errors.ts';
import { isJsonObject, type JsonObject } from '../../oci/json-fields.ts';
import type { AccessRule, RepositoryAction } from './access-rules.ts';

export interface ServerLimits {
  /** Of one blob. */
  readonly blobBytes?: number;
  /** Of one client address. */
  readonly requestsPerSecond?: number;
}

export interface ServerSettings {
  readonly access?: readonly AccessRule[];
  readonly limits?: ServerLimits;
  /** How often garbage is collected. */
  readonly collectEveryMinutes?: number;
  readonly sparse?: boolean;
  /** A file that gets a line of JSON for each change and each refusal. */
  readonly auditLog?: string;
}

const actions: ReadonlySet<string> = new Set(['read', 'write', 'delete'] satisfies RepositoryAction[]);

export async function readServerSettings(file: string): Promise<ServerSettings> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new WharfError('request.invalid', `the settings file can not be read: ${file}`, { cause: error });
  });
  return parseServerSettings(text);
}

/** @throws WharfError 'request.invalid' naming the field; a field that is not known is one of them */
export function parseServerSettings(text: string): ServerSettings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new WharfError('request.invalid', 'the settings file is no JSON', { cause: error });
  }
  const top = object(json, 'settings', ['access', 'limits', 'collectEveryMinutes', 'sparse', 'auditLog']);
  const { access, limits, collectEveryMinutes, sparse, auditLog } = top;
  if (sparse !== undefined && typeof sparse !== 'boolean') throw bad('sparse', 'true or false');
  if (auditLog !== undefined && (typeof auditLog !== 'string' || auditLog === '')) throw bad('auditLog', 'a path');
  return {
    ...(access === undefined ? {} : { access: list(access, 'access').map(rule) }),
    ...(limits === undefined ? {} : { limits: serverLimits(limits) }),
    ...(collectEveryMinutes === undefined
      ? {}
      : { collectEveryMinutes: positive(collectEveryMinutes, 'collectEveryMinutes', 35_000) }),
    ...(sparse === undefined ? {} : { sparse }),
    ...(auditLog === undefined ? {} : { auditLog }),
  };
}

function serverLimits(json: unknown): ServerLimits {
  const { blobBytes, requestsPerSecond } = object(json, 'limits', ['blobBytes', 'requestsPerSecond']);
  return {
    ...(blobBytes === undefined ? {} : { blobBytes: positive(blobBytes, 'limits.blobBytes', 2 ** 50) }),
    ...(requestsPerSecond === undefined
      ? {}
      : { requestsPerSecond: positive(requestsPerSecond, 'limits.requestsPerSecond', 1_000_000) }),
  };
}

function rule(json: unknown, at: number): AccessRule {
  const where = `access[${at}]`;
  const { repositories, users, allow } = object(json, where, ['repositories', 'users', 'allow']);
  const allowed = strings(allow, `${where}.allow`);
  const isAction = (text: string): text is RepositoryAction => actions.has(text);
  if (!allowed.every(isAction)) throw bad(`${where}.allow`, 'a list of read, write and delete');
  return {
    repositories: strings(repositories, `${where}.repositories`),
    users: strings(users, `${where}.users`),
    allow: allowed.filter(isAction),
  };
}

function object(json: unknown, where: string, known: readonly string[]): JsonObject {
  if (!isJsonObject(json)) throw bad(where, 'an object');
  const stranger = Object.keys(json).find((key) => !known.includes(key));
  if (stranger !== undefined) throw bad(where, `made of ${known.join(', ')}; ${JSON.stringify(stranger)} is unknown`);
  return json;
}

function list(json: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(json)) throw bad(where, 'a list');
  return json;
}

function strings(json: unknown, where: string): readonly string[] {
  const items = list(json, where);
  const texts = items.filter((item): item is string => typeof item === 'string' && item !== '');
  if (texts.length !== items.length || texts.length === 0) throw bad(where, 'a list of strings');
  return texts;
}

function positive(json: unknown, where: string, max: number): number {
  if (typeof json !== 'number' || !(json > 0) || json > max) throw bad(where, `a number above 0, at most ${max}`);
  return json;
}

function bad(where: string, what: string): WharfError {
  return new WharfError('request.invalid', `the settings file: ${where} must be ${what}`);
}
