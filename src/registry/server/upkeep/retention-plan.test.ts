import { describe, expect, it } from 'vitest';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { matchesRepository, matchesTag } from './repository-pattern.ts';
import { type ManifestFacts, planRetention, type RepositoryFacts, type RetentionRule } from './retention-plan.ts';

const dayMs = 24 * 60 * 60 * 1000;
const nowMs = 1_000 * dayMs;

function digest(letter: string): Digest {
  return parseDigest(`sha256:${letter.charCodeAt(0).toString(16).repeat(32)}`);
}

/** `a: 3` is a manifest of three days, with a tag of its name when `tags` has it. */
function facts(
  ages: Readonly<Record<string, number>>,
  tags: Readonly<Record<string, string>>,
  more: Readonly<Record<string, Partial<ManifestFacts>>> = {},
): RepositoryFacts {
  return {
    tags: Object.entries(tags).map(([tag, letter]) => ({
      tag,
      digest: digest(letter),
      pushedAtMs: nowMs - (ages[letter] ?? 0) * dayMs,
    })),
    manifests: Object.entries(ages).map(([letter, days]) => ({
      digest: digest(letter),
      storedAtMs: nowMs - days * dayMs,
      children: [],
      ...more[letter],
    })),
  };
}

function plan(content: RepositoryFacts, rules: readonly Omit<RetentionRule, 'repositories'>[]) {
  const full = rules.map((rule) => ({ repositories: ['*'], ...rule }));
  const { tags, manifests, keptTags } = planRetention('team/app', content, full, nowMs);
  const letters = manifests.map((manifest) => String.fromCharCode(Number.parseInt(manifest.digest.slice(7, 9), 16)));
  return { tags: tags.map((tag) => tag.tag).sort(), manifests: letters.sort(), keptTags };
}

const byAge = { a: 1, b: 2, c: 3, d: 4 };
const four = { ta: 'a', tb: 'b', tc: 'c', td: 'd' };

describe('retention rules', () => {
  it('keep the tags pushed last; manifests go with their last tag', () => {
    expect(plan(facts(byAge, four), [{ keepLast: 2 }])).toEqual({
      tags: ['tc', 'td'],
      manifests: ['c', 'd'],
      keptTags: 2,
    });
    expect(plan(facts(byAge, { ...four, zz: 'd' }), [{ tags: ['t*'], keepLast: 2 }])).toEqual({
      tags: ['tc', 'td'],
      manifests: ['c'],
      keptTags: 3,
    });
  });

  it('keep what is young', () => {
    expect(plan(facts(byAge, four), [{ keepDays: 3 }]).tags).toEqual(['td']);
  });

  it('add up: what one rule keeps stays', () => {
    expect(plan(facts(byAge, four), [{ keepLast: 1, keepDays: 2 }]).tags).toEqual(['tc', 'td']);
    expect(plan(facts(byAge, four), [{ keepLast: 1 }, { keepDays: 3 }]).tags).toEqual(['td']);
    expect(plan(facts(byAge, four), [{ keepLast: 1 }, { tags: ['td'], keepLast: 1 }]).tags).toEqual(['tb', 'tc']);
  });

  it('leave alone what they do not look at, and what they protect', () => {
    expect(plan(facts(byAge, four), [{ tags: ['tb', 'tc'], keepLast: 0 }]).tags).toEqual(['tb', 'tc']);
    expect(plan(facts(byAge, four), [{ keepLast: 0, protect: ['tb'] }]).tags).toEqual(['ta', 'tc', 'td']);
    expect(plan(facts(byAge, four), [{ keepLast: 0 }, { protect: ['t*'] }])).toEqual({
      tags: [],
      manifests: [],
      keptTags: 4,
    });
    expect(plan(facts(byAge, four), []).tags).toEqual([]);
    const other = [{ repositories: ['other/*'], keepLast: 0 }];
    expect(planRetention('team/app', facts(byAge, four), other, nowMs).tags).toEqual([]);
  });

  it('let untagged manifests go when they are old enough, where a rule says so', () => {
    const content = facts({ a: 1, b: 20, c: 40 }, { ta: 'a' });
    expect(plan(content, [{ keepLast: 5 }]).manifests).toEqual([]);
    expect(plan(content, [{ untaggedDays: 30 }]).manifests).toEqual(['c']);
    expect(plan(content, [{ untaggedDays: 10 }]).manifests).toEqual(['b', 'c']);
    expect(plan(content, [{ untaggedDays: 10 }, { untaggedDays: 30 }]).manifests).toEqual(['c']);
  });

  it('keep the platforms of an index that stays, and let those of one that goes go', () => {
    const content = facts(
      { i: 1, j: 9, p: 50, q: 50, s: 50 },
      { new: 'i', old: 'j' },
      { i: { children: [digest('p'), digest('s')] }, j: { children: [digest('q'), digest('s')] } },
    );
    expect(plan(content, [{ keepLast: 1, untaggedDays: 7 }])).toEqual({
      tags: ['old'],
      manifests: ['j', 'q'],
      keptTags: 1,
    });
  });

  it('keep what is about a manifest that stays, however old, and let it go with its subject', () => {
    const content = facts(
      { a: 1, b: 2, x: 500, y: 500, z: 500 },
      { ta: 'a', tb: 'b' },
      { x: { subject: digest('a') }, y: { subject: digest('b') }, z: { subject: digest('y') } },
    );
    expect(plan(content, [{ keepLast: 1, untaggedDays: 7 }])).toEqual({
      tags: ['tb'],
      manifests: ['b', 'y', 'z'],
      keptTags: 1,
    });
  });

  it("treat cosign's tags as part of what they sign", () => {
    const signature = (letter: string): string => `${digest(letter).replace(':', '-')}.sig`;
    const content = facts(
      { a: 1, b: 2, x: 1, y: 1 },
      { ta: 'a', tb: 'b', [signature('a')]: 'x', [signature('b')]: 'y' },
    );
    expect(plan(content, [{ keepLast: 1 }])).toEqual({
      tags: [signature('b'), 'tb'].sort(),
      manifests: ['b', 'y'],
      keptTags: 2,
    });
  });

  it('treat what is about nothing that is here like any other', () => {
    const content = facts({ x: 50, y: 1 }, {}, { x: { subject: digest('n') }, y: { subject: digest('n') } });
    expect(plan(content, [{ untaggedDays: 7 }]).manifests).toEqual(['x']);
  });

  it('decide by name between tags of one instant, the same each time', () => {
    const content = facts({ a: 1 }, { t1: 'a', t2: 'a', t3: 'a' });
    expect(plan(content, [{ keepLast: 1 }])).toEqual({ tags: ['t1', 't2'], manifests: [], keptTags: 1 });
  });
});

it.each([
  ['*', 'anything', true],
  ['v*', 'v1', true],
  ['v*', '1v', false],
  ['*-rc', '1-rc', true],
  ['*-rc', '1-rc2', false],
  ['pr-*-arm', 'pr-1-arm', true],
  ['pr-*-arm', 'pr-arm', false],
  ['a*a', 'a', false],
  ['a*b*c', 'a1b2b3c', true],
  ['1.2', '1.2', true],
  ['1.2', '1x2', false],
])('the pattern %s and the tag %s: %s', (pattern, tag, expected) => {
  expect(matchesTag(pattern, tag)).toBe(expected);
});

it('patterns of repositories match a name, all below one, or all', () => {
  expect(['team/app', 'team/*', '*'].map((pattern) => matchesRepository(pattern, 'team/app'))).toEqual([
    true,
    true,
    true,
  ]);
  expect(['team', 'tea*', 'team/ap', 'other/*'].some((pattern) => matchesRepository(pattern, 'team/app'))).toBe(false);
});
