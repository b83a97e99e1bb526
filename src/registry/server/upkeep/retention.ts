/**
 * Does what retention-plan.ts says, while the registry serves.
 *
 * A plan is made from what was there a moment ago. So each removal looks again, while no push can come in between (see
 * content-guard.ts): a tag goes only if it still names the same manifest, and a manifest only if nothing named or needed it
 * since the plan began.
 */
import type { RetentionReport } from '../../../contract/registry-routes.ts';
import type { Digest } from '../../../oci/digest.ts';
import { referencesOf } from '../content/manifest-store.ts';
import { noteChange, type Stores } from '../http/exchange.ts';
import {
  type ManifestFacts,
  planRetention,
  type RepositoryFacts,
  type RetentionPlan,
  type RetentionRule,
  type TagFacts,
} from './retention-plan.ts';

type Removal = RetentionReport['removed'][number];

export interface RetentionRun {
  readonly dryRun: boolean;
  readonly nowMs?: number;
  /** Those that are caches of others: what they hold is not theirs to judge. */
  readonly isCache?: (name: string) => boolean;
  /** Hears of each removal, once it is done. */
  readonly removed?: (removal: Removal) => void;
}

/** As many as go while pushes wait. */
const removedAtOnce = 16;
const maxReported = 10_000;

export async function runRetention(
  stores: Stores,
  rules: readonly RetentionRule[],
  run: RetentionRun,
): Promise<RetentionReport> {
  const removed: Removal[] = [];
  let keptTags = 0;
  for (const name of rules.length === 0 ? [] : await stores.manifests.repositories()) {
    if (run.isCache?.(name) === true) continue;
    // Before anything is read: what is used from now on is newer than the plan.
    const startedMs = Date.now();
    const facts = await repositoryFacts(stores, name);
    const plan = planRetention(name, facts, rules, run.nowMs ?? startedMs);
    keptTags += plan.keptTags;
    const done = run.dryRun ? asRemovals(name, plan) : await carryOut(stores, name, plan, startedMs);
    for (const removal of done) {
      if (!run.dryRun) run.removed?.(removal);
      if (removed.length < maxReported) removed.push(removal);
    }
  }
  return { dryRun: run.dryRun, hasRules: rules.length > 0, removed, keptTags };
}

async function repositoryFacts({ manifests }: Stores, name: string): Promise<RepositoryFacts> {
  const tags: TagFacts[] = [];
  for (const tag of await manifests.tags(name)) {
    const digest = await manifests.resolveTag(name, tag);
    const pushedAt = await manifests.taggedAt(name, tag);
    if (digest !== undefined && pushedAt !== undefined) tags.push({ tag, digest, pushedAtMs: pushedAt.getTime() });
  }
  const stored: ManifestFacts[] = [];
  for (const digest of await manifests.revisions(name)) {
    const manifest = await manifests.get(name, digest);
    const storedAt = await manifests.storedAt(name, digest);
    if (manifest === undefined || storedAt === undefined) continue;
    const { document } = manifest;
    stored.push({
      digest,
      storedAtMs: storedAt.getTime(),
      children: document.kind === 'index' ? referencesOf(document) : [],
      ...(document.subject === undefined ? {} : { subject: document.subject.digest }),
    });
  }
  return { tags, manifests: stored };
}

function asRemovals(repository: string, plan: RetentionPlan): readonly Removal[] {
  return [
    ...plan.tags.map(({ tag, digest, reason }) => ({ repository, tag, digest, reason })),
    ...plan.manifests.map(({ digest, reason }) => ({ repository, digest, reason })),
  ];
}

/** Tags first, so that none ever names what is gone. */
async function carryOut(
  stores: Stores,
  name: string,
  plan: RetentionPlan,
  startedMs: number,
): Promise<readonly Removal[]> {
  const { manifests, blobs } = stores;
  const done: Removal[] = [];
  const unchanged = (digest: Digest): boolean => !blobs.guard.usedSince(digest, startedMs);
  for (const some of chunks(plan.tags)) {
    await blobs.guard.remove(async () => {
      for (const { tag, digest, reason } of some) {
        // Pushed again, even as the same: then it is not the tag the plan saw.
        if (!unchanged(digest) || (await manifests.resolveTag(name, tag)) !== digest) continue;
        await manifests.deleteTag(name, tag);
        done.push({ repository: name, tag, digest, reason });
      }
    });
  }
  for (const some of chunks(plan.manifests)) {
    await blobs.guard.remove(async () => {
      const named = await tagged(stores, name);
      for (const { digest, reason } of some) {
        if (!unchanged(digest) || named.has(digest) || !(await manifests.delete(name, digest))) continue;
        done.push({ repository: name, digest, reason });
      }
    });
  }
  if (done.length > 0) noteChange(stores, name);
  return done;
}

async function tagged({ manifests }: Stores, name: string): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  for (const tag of await manifests.tags(name)) {
    const digest = await manifests.resolveTag(name, tag);
    if (digest !== undefined) digests.add(digest);
  }
  return digests;
}

function chunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / removedAtOnce);
  return Array.from({ length: count }, (_, at) => all.slice(at * removedAtOnce, (at + 1) * removedAtOnce));
}
