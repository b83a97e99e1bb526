import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isWharfError } from '../../src/contract/errors.ts';
import { digestHex } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { parseReference, withTag } from '../../src/oci/reference.ts';
import { signatureAnnotation, signatureTag, signatureTypes } from '../../src/oci/signature-artifacts.ts';
import { createRegistryClient } from '../../src/registry/client/create-registry-client.ts';
import { engineFile } from '../../test-world/engine-file.ts';
import { digestOf } from '../../test-world/fixture-images.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wt-'));
const file = path.join(folder, 'trust-policy.json');
const release = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ed25519');
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
writeFileSync(path.join(folder, 'release.pub'), pem(release.publicKey));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the trust policy', () => {
  const { world } = engineFile({ flags: ['--trust-policy', file] });
  const signal = new AbortController().signal;
  const named = (name: string) => `${world().registryHost}/library/${name}`;

  function policy(busybox: object): void {
    const keys = { release: { file: 'release.pub' }, other: { pem: pem(other.publicKey) } };
    const repositories = [
      { match: named('busybox'), ...busybox },
      { match: named('big'), rule: 'reject', reason: 'too big' },
    ];
    writeFileSync(file, JSON.stringify({ version: 1, keys, default: { rule: 'unrestricted' }, repositories }));
  }
  const signedBy = (key: string) => ({ rule: 'signed', keys: [key] });
  beforeEach(() => policy(signedBy('release')));

  /** The lines of a pull. @throws what ended it */
  async function pull(name: string, tag = 'latest'): Promise<readonly (string | undefined)[]> {
    const lines: (string | undefined)[] = [];
    const stream = world().engine.jsonStream('ImageCreate', { query: { fromImage: name, tag }, signal });
    for await (const { status, errorDetail } of stream) {
      if (errorDetail !== undefined) throw new Error(errorDetail.message);
      lines.push(status);
    }
    return lines;
  }
  const create = (image: string) => world().engine.call('ContainerCreate', { body: { Image: image }, signal });
  const codeOf = (error: unknown) => (isWharfError(error) ? `${error.status} ${error.code}` : String(error));
  const blobs = () => readdirSync(path.join(world().dataRoot, 'content/blobs/sha256')).sort();

  /** As `cosign sign` with a key does. */
  async function signImage(name: string): Promise<void> {
    const client = createRegistryClient({ mirrors: [], fallbacks: [], insecureRegistries: [], userAgent: 'tests' });
    try {
      const reference = parseReference(name);
      const { digest } = (await client.fetchManifest(reference, { signal })).descriptor;
      const image = { 'docker-manifest-digest': digest };
      const critical = { identity: { 'docker-reference': name }, image, type: 'cosign container image signature' };
      const push = async (mediaType: string, text: object) => {
        const bytes = Buffer.from(JSON.stringify(text));
        const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
        await client.pushBlob(reference, descriptor, () => Readable.from([bytes]), { signal });
        return { descriptor, bytes };
      };
      const payload = await push(signatureTypes.simpleSigning, { critical, optional: null });
      const signature = sign('sha256', payload.bytes, release.privateKey).toString('base64');
      const manifest = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: (await push(mediaTypes.ociConfig, {})).descriptor,
        layers: [{ ...payload.descriptor, annotations: { [signatureAnnotation]: signature } }],
      };
      const text = Buffer.from(JSON.stringify(manifest));
      expect(signatureTag(digest)).toBe(`sha256-${digestHex(digest)}.sig`);
      await client.pushManifest(withTag(reference, signatureTag(digest)), mediaTypes.ociManifest, text, { signal });
    } finally {
      client.close();
    }
  }

  it('keeps unsigned and refused images out, and nothing of them stays', async () => {
    const before = blobs();
    policy({ ...signedBy('release'), match: named('layered') });
    expect(codeOf(await pull(named('layered')).catch((error: unknown) => error))).toBe('403 trust.unverified');
    expect(codeOf(await pull(named('big')).catch((error: unknown) => error))).toBe('403 trust.rejected');
    expect(blobs()).toEqual(before);
    const images = await world().engine.call('ImageList', { signal });
    expect(images.flatMap(({ RepoTags }) => RepoTags).filter((tag) => /layered|big/.test(tag))).toEqual([]);
  });

  it('lets a signed image in, runs it while its key counts, and knows so after a restart', async () => {
    const busybox = `${named('busybox')}:1.35`;
    await signImage(busybox);
    expect(await pull(named('busybox'), '1.35')).toContain(`Trust: signed by release (rule ${named('busybox')})`);
    await create(busybox);
    policy(signedBy('other'));
    expect(codeOf(await create(busybox).catch((error: unknown) => error))).toBe('403 trust.unverified');
    const { images } = await world().engine.call('TrustImages', { signal });
    expect(images.find(({ reference }) => reference === busybox)).toMatchObject({ verdict: 'refused' });
    policy(signedBy('release'));
    await world().daemon.restart();
    await create(busybox);
    const report = await world().engine.call('TrustInspect', { query: { image: busybox }, signal });
    expect(report).toMatchObject({ verdict: 'trusted', live: false, findings: [{ key: 'release', accepted: true }] });
  });

  it('lets nothing in while it can not be read, or is gone', async () => {
    policy({ rule: 'unrestricted' });
    await pull(named('busybox'));
    for (const breakIt of [() => writeFileSync(file, '{"version": 1'), () => rmSync(file)]) {
      breakIt();
      expect(codeOf(await pull(named('busybox')).catch((error: unknown) => error))).toBe('500 trust.policy-broken');
      expect(codeOf(await create(named('busybox')).catch((error: unknown) => error))).toBe('500 trust.policy-broken');
    }
    const view = await world().engine.call('TrustPolicyShow', { signal });
    expect(view).toMatchObject({ state: 'broken', path: file });
    policy({ rule: 'unrestricted' });
    await create(named('busybox'));
  });
});
