import { describe, expect, it } from 'vitest';
import { sha256Digest } from './digest.ts';
import { canonical, familiar, manifestSelector, parseNamed, parseReference, withTag } from './reference.ts';

const hex = 'a'.repeat(64);

describe('parseReference', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['docker.io/busybox:1', 'docker.io/library/busybox:1', 'busybox:1'],
    ['index.docker.io/wharf/tool', 'docker.io/wharf/tool:latest', 'wharf/tool:latest'],
    ['library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['localhost/a', 'localhost/a:latest', 'localhost/a:latest'],
    ['localhost:5000/a:v1', 'localhost:5000/a:v1', 'localhost:5000/a:v1'],
    ['[::1]:5000/a/b__c-d--e', '[::1]:5000/a/b__c-d--e:latest', '[::1]:5000/a/b__c-d--e:latest'],
    ['[fe80::2]/a', '[fe80::2]/a:latest', '[fe80::2]/a:latest'],
    ['Example/a', 'Example/a:latest', 'Example/a:latest'],
    ['127.0.0.1:5055/a', '127.0.0.1:5055/a:latest', '127.0.0.1:5055/a:latest'],
    [`busybox@sha256:${hex}`, `docker.io/library/busybox@sha256:${hex}`, `busybox@sha256:${hex}`],
    [`ghcr.io/a/b:t@sha256:${hex}`, `ghcr.io/a/b:t@sha256:${hex}`, `ghcr.io/a/b:t@sha256:${hex}`],
    ['a.b:80', 'docker.io/library/a.b:80', 'a.b:80'],
  ])('reads %s as %s and prints it as %s', (text, full, short) => {
    const reference = parseReference(text);
    expect(canonical(reference)).toBe(full);
    expect(familiar(reference)).toBe(short);
  });

  it.each([
    ['', 'invalid reference format'],
    [':tag', 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['ghcr.io/A/b:X', 'invalid reference format: repository name (A/b) must be lowercase'],
    ['a b', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['../a', 'invalid reference format'],
    ['a/../b', 'invalid reference format'],
    ['a___b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a@sha256:abc', 'invalid reference format'],
    [`a@sha256:${'a'.repeat(65)}`, 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['http://x/a', 'invalid reference format'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`${'a/'.repeat(130)}a`, 'repository name must not be more than 255 characters'],
    ['x'.repeat(5000), 'invalid reference format'],
  ])('refuses %j', (text, message) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'reference.invalid', message }));
  });

  it('accepts a tag of 128 characters', () => {
    expect(parseReference(`a:${'t'.repeat(128)}`).tag).toHaveLength(128);
  });

  it('takes time in proportion to a hostile name', () => {
    const started = Date.now();
    expect(() => parseReference(`${'a-'.repeat(2000)}!`)).toThrow();
    expect(Date.now() - started).toBeLessThan(500);
  });
});

it('parseNamed implies no tag', () => {
  expect(parseNamed('busybox')).toEqual({ domain: 'docker.io', path: 'library/busybox' });
});

it('a registry is asked for the digest rather than the tag', () => {
  expect(manifestSelector(parseReference(`a:t@sha256:${hex}`))).toBe(sha256Digest(hex));
  expect(manifestSelector(parseReference('a:t'))).toBe('t');
});

it('withTag refuses what is no tag', () => {
  expect(() => withTag(parseNamed('a'), '.x')).toThrow('invalid tag format');
});
