/**
 * The trust policy: what its file says, checked as a whole. A policy that holds one mistake is none: half of a policy would
 * let in what the other half was to keep out. Pure but for the keys, which node:crypto reads.
 */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { parseValue } from '../../contract/parse.ts';
import type { Schema } from '../../contract/schema.ts';
import { TrustPolicyFile, type TrustRule, type TrustRuleFile } from '../../contract/types/trust.ts';
import { canonicalName, type Reference } from '../../oci/reference.ts';
import { parseRepositoryPattern, type RepositoryPattern } from './repository-pattern.ts';
import { parseTrustKey, type TrustKey } from './trust-key.ts';

export const maxPolicyChars = 1024 * 1024;
const maxKeys = 64;
const maxRules = 1000;

interface RuleBase {
  /** A pattern, `default` or `local`. */
  readonly match: string;
  readonly reason: string;
}

export interface SignedRule extends RuleBase {
  readonly kind: 'signed';
  readonly keys: readonly TrustKey[];
  readonly atLeast: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** undefined: the repository that is pulled. */
  readonly signedAs: readonly RepositoryPattern[] | undefined;
  readonly mustName: boolean;
  readonly attestations: readonly { readonly predicateType: string; readonly keys: readonly TrustKey[] }[];
}

export type PolicyRule = SignedRule | (RuleBase & { readonly kind: 'unrestricted' | 'reject' });

export interface TrustPolicy {
  readonly keys: readonly TrustKey[];
  readonly rules: readonly { readonly pattern: RepositoryPattern; readonly rule: PolicyRule }[];
  readonly otherwise: PolicyRule;
  readonly local: 'by-name' | 'unrestricted' | 'reject';
}

/** @throws WharfError 'trust.policy-broken' when the text is no JSON object or has fields that are wrong or not known */
export function parsePolicyFile(text: string): TrustPolicyFile {
  if (text.length > maxPolicyChars) throw broken(`it is longer than ${maxPolicyChars} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw broken(`it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  return policyFileFromJson(json);
}

/** @throws WharfError 'trust.policy-broken' */
export function policyFileFromJson(json: unknown): TrustPolicyFile {
  const stray = unknownField(TrustPolicyFile, json, '');
  if (stray !== undefined) throw broken(`it has a field that is not known: ${stray}`);
  try {
    return parseValue(TrustPolicyFile, json);
  } catch (cause) {
    throw broken(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/**
 * @param pemOfFile the content of a key's file, read by the caller
 * @throws WharfError 'trust.policy-broken'
 */
export function readPolicy(file: TrustPolicyFile, pemOfFile: (name: string) => string): TrustPolicy {
  if (file.version !== 1) throw broken(`version ${file.version} is not known; this engine reads version 1`);
  const given = Object.entries(file.keys ?? {});
  if (given.length > maxKeys) throw broken(`it has more than ${maxKeys} keys`);
  const keys = given.map(([name, { pem, file: path, expires }]) => {
    if ((pem === undefined) === (path === undefined)) throw broken(`keys.${name}: give either pem or file`);
    return parseTrustKey(name, pem ?? pemOfFile(path ?? ''), expiry(name, expires));
  });
  const rows = file.repositories ?? [];
  if (rows.length > maxRules) throw broken(`it has more than ${maxRules} rules`);
  return {
    keys,
    rules: rows.map(({ match, ...rule }) => ({
      pattern: parseRepositoryPattern(match),
      rule: policyRule(match, rule, keys),
    })),
    otherwise: policyRule('default', file.default, keys),
    local: file.local ?? 'by-name',
  };
}

/** The first rule that fits counts. */
export function ruleFor(policy: TrustPolicy, reference: Reference): PolicyRule {
  const name = canonicalName(reference);
  return policy.rules.find(({ pattern }) => pattern.matches(name))?.rule ?? policy.otherwise;
}

function policyRule(match: string, file: TrustRuleFile, keys: readonly TrustKey[]): PolicyRule {
  const where = match === 'default' ? 'default' : `the rule ${JSON.stringify(match)}`;
  const base = { match, reason: file.reason ?? '' };
  if (file.rule !== 'signed') {
    const { rule: _, reason: __, ...rest } = file;
    const [useless] = Object.keys(rest);
    if (useless !== undefined) throw broken(`${where}: ${useless} goes with "rule": "signed" only`);
    return { ...base, kind: file.rule };
  }
  const named = (names: readonly string[], place: string) =>
    [...new Set(names)].map((name) => {
      const key = keys.find((known) => known.name === name);
      if (key === undefined) throw broken(`${place}: there is no key ${JSON.stringify(name)}`);
      return key;
    });
  const own = named(file.keys ?? [], `${where}.keys`);
  if (own.length === 0) throw broken(`${where}: "signed" needs the names of keys`);
  const distinct = new Set(own.map(({ fingerprint }) => fingerprint)).size;
  const atLeast = file.atLeast ?? 1;
  // Attestations alone may be enough, where they are asked for.
  const least = (file.attestations ?? []).length > 0 ? 0 : 1;
  if (atLeast < least || atLeast > distinct)
    throw broken(`${where}.atLeast: must be between ${least} and ${distinct}, the number of different keys`);
  return {
    ...base,
    kind: 'signed',
    keys: own,
    atLeast,
    annotations: file.annotations ?? {},
    signedAs: file.signedAs?.map(parseRepositoryPattern),
    mustName: file.mustName ?? false,
    attestations: (file.attestations ?? []).map(({ predicateType, keys: names }, at) => {
      if (predicateType === '') throw broken(`${where}.attestations[${at}].predicateType is empty`);
      const listed = names === undefined ? own : named(names, `${where}.attestations[${at}].keys`);
      if (listed.length === 0) throw broken(`${where}.attestations[${at}].keys is empty`);
      return { predicateType, keys: listed };
    }),
  };
}

function expiry(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const atMs = Date.parse(text);
  // Date.parse reads other things too, in the machine's own time zone.
  if (Number.isNaN(atMs) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text))
    throw broken(`keys.${name}.expires: expected a time such as 2027-01-31T00:00:00Z`);
  return atMs;
}

/** Exact names, unlike requests: `atleast` must not be taken for `atLeast` by one reader and for nothing by another. */
function unknownField(schema: Schema, value: unknown, path: string): string | undefined {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return undefined;
    return firstDefined(value.map((item, at) => unknownField(items, item, `${path}[${at}]`)));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return firstDefined(
    Object.entries(value).map(([name, item]) => {
      const at = path === '' ? name : `${path}.${name}`;
      const known =
        schema.additionalProperties ??
        (Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined);
      // A list or object where another type is wanted is the parser's to refuse.
      if (schema.type !== 'object') return undefined;
      return known === undefined ? at : unknownField(known, item, at);
    }),
  );
}

function firstDefined(texts: readonly (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined);
}

function broken(why: string, cause?: unknown): WharfError {
  return new WharfError('trust.policy-broken', `the trust policy is not valid: ${why}`, { cause });
}

/** Says which file a failure is about. */
export function inFile(error: unknown, path: string): WharfError {
  const why = error instanceof Error ? error.message : String(error);
  const hint = isWharfError(error, 'trust.policy-broken') ? error.hint : undefined;
  return new WharfError('trust.policy-broken', `${path}: ${why}`, { cause: error, hint });
}

/** The rule as the API shows it. */
export function ruleView(rule: PolicyRule): TrustRule {
  const base = { match: rule.match, rule: rule.kind, ...(rule.reason === '' ? {} : { reason: rule.reason }) };
  if (rule.kind !== 'signed') return base;
  const names = (keys: readonly TrustKey[]) => keys.map(({ name }) => name);
  return {
    ...base,
    keys: names(rule.keys),
    atLeast: rule.atLeast,
    ...(Object.keys(rule.annotations).length === 0 ? {} : { annotations: rule.annotations }),
    ...(rule.signedAs === undefined ? {} : { signedAs: rule.signedAs.map(({ text }) => text) }),
    ...(rule.mustName ? { mustName: true } : {}),
    ...(rule.attestations.length === 0
      ? {}
      : {
          attestations: rule.attestations.map(({ predicateType, keys }) => ({ predicateType, keys: names(keys) })),
        }),
  };
}
