/**
 * The settings file of a served registry (`--settings FILE`), JSON; every part may be left out:
 *
 *     { "access": [{ "repositories": ["team/*"], "users": ["alice"], "allow": ["read", "write", "delete"] }],
 *       "limits": { "blobBytes": 10737418240, "requestsPerSecond": 200 },
 *       "quotas": [{ "repositories": ["team/*"], "each": true, "maxBytes": 10737418240, "maxTags": 100 }],
 *       "retention": { "everyMinutes": 60,
 *                      "rules": [{ "repositories": ["*"], "tags": ["pr-*"], "keepLast": 10, "keepDays": 30,
 *                                  "protect": ["v*"], "untaggedDays": 7 }] },
 *       "caches": [{ "prefix": "hub", "upstream": "https://registry-1.docker.io", "credentialsFile": "/etc/wharf/hub.json",
 *                    "tagTtlSeconds": 300, "maxBytes": 107374182400 }],
 *       "storage": { "s3": { "bucket": "images", "region": "eu-central-1" } },
 *       "collectEveryMinutes": 60, "sparse": false, "auditLog": "/var/log/wharf-registry.jsonl" }
 */
import { readFile } from 'node:fs/promises';
import { WharfError } from '../../contract/errors.ts';
import { isRepositoryPath } from '../../oci/reference.ts';
import type { AccessRule, RepositoryAction } from './access/access-rules.ts';
import { type CacheSettings, readBaseUrl } from './cache/cache-settings.ts';
import { bad, count, fields, flag, list, object, positive, strings, text } from './settings-fields.ts';
import { type StorageSettings, storageSettings } from './storage/s3/s3-settings.ts';
import type { QuotaRule } from './upkeep/quotas.ts';
import type { RetentionRule } from './upkeep/retention-plan.ts';

export interface ServerLimits {
  /** Of one blob. */
  readonly blobBytes?: number;
  /** Of one client address. */
  readonly requestsPerSecond?: number;
}

export interface RetentionSettings {
  /** On this schedule while serving; otherwise when it is asked for. */
  readonly everyMinutes?: number;
  readonly rules: readonly RetentionRule[];
}

export interface ServerSettings {
  readonly access?: readonly AccessRule[];
  readonly limits?: ServerLimits;
  readonly quotas?: readonly QuotaRule[];
  readonly retention?: RetentionSettings;
  readonly caches?: readonly CacheSettings[];
  /** Where the bytes are when they are in no folder; see s3-settings.ts. */
  readonly storage?: StorageSettings;
  /** How often garbage is collected. */
  readonly collectEveryMinutes?: number;
  readonly sparse?: boolean;
  /** A file that gets a line of JSON for each change and each refusal. */
  readonly auditLog?: string;
}

const actions: ReadonlySet<string> = new Set(['read', 'write', 'delete', 'admin'] satisfies RepositoryAction[]);
const maxBytes = 2 ** 50;
const maxCount = 1_000_000;
const maxDays = 36_500;
/** Timers of Node end at 24 days. */
const maxMinutes = 35_000;

export async function readServerSettings(file: string): Promise<ServerSettings> {
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new WharfError('request.invalid', `the settings file can not be read: ${file}`, { cause: error });
  });
  return parseServerSettings(content);
}

/** @throws WharfError 'request.invalid' naming the field; a field that is not known is one of them */
export function parseServerSettings(content: string): ServerSettings {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new WharfError('request.invalid', 'the settings file is no JSON', { cause: error });
  }
  const readers = {
    access: (value: unknown) => list(value, 'access').map(accessRule),
    limits: serverLimits,
    quotas: (value: unknown) => list(value, 'quotas').map(quotaRule),
    retention: retentionSettings,
    caches: (value: unknown) => distinct(list(value, 'caches').map(cacheSettings)),
    storage: storageSettings,
    collectEveryMinutes: (value: unknown) => positive(value, 'collectEveryMinutes', maxMinutes),
    sparse: (value: unknown) => flag(value, 'sparse'),
    auditLog: (value: unknown) => text(value, 'auditLog', 'a path'),
  };
  return fields<ServerSettings>(object(json, 'settings', Object.keys(readers)), readers);
}

function serverLimits(json: unknown): ServerLimits {
  const readers = {
    blobBytes: (value: unknown) => positive(value, 'limits.blobBytes', maxBytes),
    requestsPerSecond: (value: unknown) => positive(value, 'limits.requestsPerSecond', 1_000_000),
  };
  return fields<ServerLimits>(object(json, 'limits', Object.keys(readers)), readers);
}

function accessRule(json: unknown, at: number): AccessRule {
  const where = `access[${at}]`;
  const { repositories, users, allow } = object(json, where, ['repositories', 'users', 'allow']);
  const allowed = strings(allow, `${where}.allow`);
  const isAction = (word: string): word is RepositoryAction => actions.has(word);
  if (!allowed.every(isAction)) throw bad(`${where}.allow`, 'a list of read, write, delete and admin');
  const rule = {
    repositories: strings(repositories, `${where}.repositories`),
    users: strings(users, `${where}.users`),
    allow: allowed.filter(isAction),
  };
  if (rule.allow.includes('admin') && !rule.repositories.includes('*'))
    throw bad(`${where}.repositories`, '["*"] where admin is allowed: that is about no one repository');
  return rule;
}

function quotaRule(json: unknown, at: number): QuotaRule {
  const where = `quotas[${at}]`;
  const readers = {
    repositories: (value: unknown) => strings(value, `${where}.repositories`),
    each: (value: unknown) => flag(value, `${where}.each`),
    maxBytes: (value: unknown) => count(value, `${where}.maxBytes`, maxBytes),
    maxRepositories: (value: unknown) => count(value, `${where}.maxRepositories`, maxCount),
    maxTags: (value: unknown) => count(value, `${where}.maxTags`, maxCount),
  };
  const {
    repositories,
    each = false,
    ...limits
  } = fields<QuotaRule>(object(json, where, Object.keys(readers)), readers);
  if (repositories === undefined) throw bad(`${where}.repositories`, 'a list of strings');
  if (Object.keys(limits).length === 0) throw bad(where, 'one with maxBytes, maxRepositories or maxTags');
  if (each && limits.maxRepositories !== undefined)
    throw bad(`${where}.maxRepositories`, 'left out where each repository counts for itself');
  return { repositories, each, ...limits };
}

function retentionSettings(json: unknown): RetentionSettings {
  const { everyMinutes, rules } = object(json, 'retention', ['everyMinutes', 'rules']);
  return {
    ...(everyMinutes === undefined
      ? {}
      : { everyMinutes: positive(everyMinutes, 'retention.everyMinutes', maxMinutes) }),
    rules: list(rules, 'retention.rules').map(retentionRule),
  };
}

function retentionRule(json: unknown, at: number): RetentionRule {
  const where = `retention.rules[${at}]`;
  const readers = {
    repositories: (value: unknown) => strings(value, `${where}.repositories`),
    tags: (value: unknown) => strings(value, `${where}.tags`),
    keepLast: (value: unknown) => count(value, `${where}.keepLast`, maxCount),
    keepDays: (value: unknown) => positive(value, `${where}.keepDays`, maxDays),
    protect: (value: unknown) => strings(value, `${where}.protect`),
    untaggedDays: (value: unknown) => positive(value, `${where}.untaggedDays`, maxDays),
  };
  const { repositories, ...rest } = fields<RetentionRule>(object(json, where, Object.keys(readers)), readers);
  if (repositories === undefined) throw bad(`${where}.repositories`, 'a list of strings');
  const says = [rest.keepLast, rest.keepDays, rest.protect, rest.untaggedDays].some((value) => value !== undefined);
  if (!says) throw bad(where, 'one with keepLast, keepDays, protect or untaggedDays');
  return { repositories, ...rest };
}

function cacheSettings(json: unknown, at: number): CacheSettings {
  const where = `caches[${at}]`;
  const readers = {
    prefix: (value: unknown) => prefix(value, `${where}.prefix`),
    upstream: (value: unknown) => baseUrl(value, `${where}.upstream`),
    credentialsFile: (value: unknown) => text(value, `${where}.credentialsFile`, 'a path'),
    tagTtlSeconds: (value: unknown) => count(value, `${where}.tagTtlSeconds`, maxDays * 24 * 60 * 60),
    maxBytes: (value: unknown) => positive(value, `${where}.maxBytes`, maxBytes),
  };
  const read = fields<CacheSettings>(object(json, where, Object.keys(readers)), readers);
  const { prefix: own = '', upstream, ...rest } = read;
  if (upstream === undefined) throw bad(`${where}.upstream`, 'a base URL, as https://registry-1.docker.io');
  return { prefix: own, upstream, ...rest };
}

function prefix(json: unknown, where: string): string {
  if (json === '') return '';
  if (typeof json !== 'string' || !isRepositoryPath(json)) throw bad(where, 'the first part of names, as hub');
  return json;
}

function baseUrl(json: unknown, where: string): string {
  const read = readBaseUrl(json);
  if ('fault' in read) throw bad(where, read.fault);
  return read.url;
}

function distinct(caches: readonly CacheSettings[]): readonly CacheSettings[] {
  const prefixes = caches.map((cache) => cache.prefix);
  if (new Set(prefixes).size !== prefixes.length) throw bad('caches', 'of different prefixes');
  return caches;
}
