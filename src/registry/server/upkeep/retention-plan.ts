/**
 * Which tags and manifests of a repository retention rules remove. Pure: facts in, plan out.
 *
 * 1. A rule looks at the tags its `tags` patterns match, in the repositories its `repositories` match. Of these it keeps the
 *    `keepLast` pushed last and those pushed within `keepDays`; it keeps what `protect` matches in any case.
 * 2. Rules add up to what is kept: a tag goes only when at least one rule that counts (has keepLast or keepDays) looks at it,
 *    and no rule keeps it. What no rule looks at stays.
 * 3. A manifest goes with its last tag; and, where a rule says `untaggedDays`, when it has had none and came that long ago
 *    (the longest of the rules that match counts).
 * 4. What a manifest that stays needs stays: the platforms of an index, and whatever refers to it (signatures, attestations).
 *    What refers to a manifest that goes goes with it, as do platforms no other index needs. A tag of something about another
 *    manifest (`sha256-<hex>.sig`, as cosign writes them) follows that manifest, and no rule counts it.
 */
import type { Digest } from '../../../oci/digest.ts';
import { matchesRepository, matchesTag } from './repository-pattern.ts';

export interface RetentionRule {
  readonly repositories: readonly string[];
  /** Patterns; all tags when left out. */
  readonly tags?: readonly string[];
  readonly keepLast?: number;
  readonly keepDays?: number;
  /** Patterns of tags that stay in any case. */
  readonly protect?: readonly string[];
  readonly untaggedDays?: number;
}

export interface TagFacts {
  readonly tag: string;
  readonly digest: Digest;
  readonly pushedAtMs: number;
}

export interface ManifestFacts {
  readonly digest: Digest;
  readonly storedAtMs: number;
  /** Manifests an index needs. */
  readonly children: readonly Digest[];
  readonly subject?: Digest;
}

export interface RepositoryFacts {
  readonly tags: readonly TagFacts[];
  readonly manifests: readonly ManifestFacts[];
}

export interface RetentionPlan {
  readonly tags: readonly (TagFacts & { readonly reason: string })[];
  readonly manifests: readonly { readonly digest: Digest; readonly reason: string }[];
  readonly keptTags: number;
}

const dayMs = 24 * 60 * 60 * 1000;
const referrerTag = /^(sha256|sha512)-([0-9a-f]{64,128})(?:\.[A-Za-z0-9_.-]+)?$/;

export function planRetention(
  name: string,
  facts: RepositoryFacts,
  rules: readonly RetentionRule[],
  nowMs: number,
): RetentionPlan {
  const own = rules.filter((rule) => rule.repositories.some((pattern) => matchesRepository(pattern, name)));
  const plain = facts.tags.filter((tag) => subjectOfTag(tag.tag) === undefined);
  const doomed = new Map<string, string>();
  for (const tag of plain) {
    const reason = whyItGoes(tag, plain, own, nowMs);
    if (reason !== undefined) doomed.set(tag.tag, reason);
  }
  const staying = plain.filter((tag) => !doomed.has(tag.tag));
  const going = manifestsThatGo(facts, staying, own, nowMs, doomed);
  const gone: ReadonlySet<string> = new Set(going.keys());
  const followers = facts.tags.filter((tag) => {
    const subject = subjectOfTag(tag.tag);
    return subject !== undefined && (gone.has(subject) || gone.has(tag.digest));
  });
  return {
    tags: [
      ...plain.flatMap((tag) => {
        const reason = doomed.get(tag.tag);
        return reason === undefined ? [] : [{ ...tag, reason }];
      }),
      ...followers.map((tag) => ({ ...tag, reason: `what it is about goes: ${subjectOfTag(tag.tag)}` })),
    ],
    manifests: [...going].map(([digest, reason]) => ({ digest, reason })),
    keptTags: facts.tags.length - doomed.size - followers.length,
  };
}

/** Undefined when it stays. */
function whyItGoes(
  tag: TagFacts,
  all: readonly TagFacts[],
  rules: readonly RetentionRule[],
  nowMs: number,
): string | undefined {
  if (rules.some((rule) => rule.protect?.some((pattern) => matchesTag(pattern, tag.tag)))) return undefined;
  const reasons: string[] = [];
  for (const rule of rules) {
    if ((rule.keepLast === undefined && rule.keepDays === undefined) || !looksAt(rule, tag)) continue;
    const { keepLast, keepDays } = rule;
    if (keepDays !== undefined && nowMs - tag.pushedAtMs <= keepDays * dayMs) return undefined;
    // Of two pushed in the same instant the order of names decides: a plan must not change from run to run.
    const younger = all.filter((other) => looksAt(rule, other) && comesBefore(other, tag)).length;
    if (keepLast !== undefined && younger < keepLast) return undefined;
    reasons.push(
      [
        ...(keepLast === undefined ? [] : [`not among the last ${keepLast}`]),
        ...(keepDays === undefined ? [] : [`pushed more than ${keepDays} days ago`]),
      ].join(' and '),
    );
  }
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

function looksAt(rule: RetentionRule, { tag }: TagFacts): boolean {
  return rule.tags === undefined || rule.tags.some((pattern) => matchesTag(pattern, tag));
}

function comesBefore(a: TagFacts, b: TagFacts): boolean {
  return a.pushedAtMs === b.pushedAtMs ? a.tag > b.tag : a.pushedAtMs > b.pushedAtMs;
}

/** The manifest a tag like `sha256-<hex>.sig` is about. */
function subjectOfTag(tag: string): string | undefined {
  const match = referrerTag.exec(tag);
  return match === null ? undefined : `${match[1]}:${match[2]}`;
}

function manifestsThatGo(
  facts: RepositoryFacts,
  staying: readonly TagFacts[],
  rules: readonly RetentionRule[],
  nowMs: number,
  doomed: ReadonlyMap<string, string>,
): ReadonlyMap<Digest, string> {
  const byDigest = new Map<string, ManifestFacts>(facts.manifests.map((manifest) => [manifest.digest, manifest]));
  const lostTag = new Set<string>(facts.tags.filter((tag) => doomed.has(tag.tag)).map((tag) => tag.digest));
  const untagged = rules.flatMap((rule) => (rule.untaggedDays === undefined ? [] : [rule.untaggedDays]));
  const untaggedMs = untagged.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...untagged) * dayMs;
  const about = subjectsByReferrer(facts, byDigest);
  const needed = new Set<string>(facts.manifests.flatMap((manifest) => manifest.children));
  const roots = facts.manifests.filter((manifest) => {
    if (about.has(manifest.digest)) return false;
    if (lostTag.has(manifest.digest) || needed.has(manifest.digest)) return false;
    return nowMs - manifest.storedAtMs <= untaggedMs;
  });
  const kept = new Set<string>();
  const queue: string[] = [...staying.map((tag) => tag.digest), ...roots.map((manifest) => manifest.digest)];
  const referrers = new Map<string, string[]>();
  for (const [referrer, subjects] of about)
    for (const subject of subjects) referrers.set(subject, [...(referrers.get(subject) ?? []), referrer]);
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (kept.has(digest)) continue;
    kept.add(digest);
    queue.push(...(byDigest.get(digest)?.children ?? []), ...(referrers.get(digest) ?? []));
  }
  return new Map(
    facts.manifests
      .filter((manifest) => !kept.has(manifest.digest))
      .map((manifest) => [manifest.digest, reasonFor(manifest, lostTag, about, untaggedMs, nowMs)]),
  );
}

/** What each manifest that is about another is about; one whose subject never came is like any other. */
function subjectsByReferrer(
  facts: RepositoryFacts,
  byDigest: ReadonlyMap<string, ManifestFacts>,
): ReadonlyMap<string, readonly string[]> {
  const about = new Map<string, readonly string[]>();
  for (const { digest, subject } of facts.manifests)
    if (subject !== undefined && byDigest.has(subject)) about.set(digest, [subject]);
  for (const { tag, digest } of facts.tags) {
    const subject = subjectOfTag(tag);
    if (subject !== undefined && byDigest.has(subject) && subject !== digest)
      about.set(digest, [...(about.get(digest) ?? []), subject]);
  }
  return about;
}

function reasonFor(
  manifest: ManifestFacts,
  lostTag: ReadonlySet<string>,
  about: ReadonlyMap<string, readonly string[]>,
  untaggedMs: number,
  nowMs: number,
): string {
  if (lostTag.has(manifest.digest)) return 'its last tag goes';
  const [subject] = about.get(manifest.digest) ?? [];
  if (subject !== undefined) return `what it is about goes: ${subject}`;
  const isOld = nowMs - manifest.storedAtMs > untaggedMs;
  return isOld ? `without a tag for more than ${untaggedMs / dayMs} days` : 'the index that needs it goes';
}
