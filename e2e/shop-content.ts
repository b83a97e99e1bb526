/** What a team may keep in a registry: images for two platforms, with a signature and a list of parts, and a chart. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const oci = 'application/vnd.oci.image.';

/** Pushes by plain HTTP, in the name of a user where the registry has some. */
export class Pusher {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, user?: { readonly name: string; readonly password: string }) {
    this.#url = url;
    this.#headers =
      user === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}` };
  }

  async blob(repository: string, content: string | Buffer, mediaType: string): Promise<Descriptor> {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    await this.#send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, bytes, 'application/octet-stream');
    return { mediaType, digest, size: bytes.length };
  }

  /** @param reference a tag; without one it is there by its digest only */
  async manifest(
    repository: string,
    reference: string | undefined,
    document: Readonly<Record<string, unknown>> & { readonly mediaType: string },
  ): Promise<Descriptor> {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...document }));
    const digest = digestOf(bytes);
    await this.#send('PUT', `/v2/${repository}/manifests/${reference ?? digest}`, bytes, document.mediaType);
    return { mediaType: document.mediaType, digest, size: bytes.length };
  }

  async image(repository: string, reference: string | undefined, architecture: string, layers: readonly string[]) {
    const packed = layers.map((text) => gzipSync(text, { level: 1 }));
    const config = {
      os: 'linux',
      architecture,
      created: '2026-11-02T09:30:00Z',
      rootfs: { type: 'layers', diff_ids: layers.map((text) => digestOf(Buffer.from(text))) },
      history: [
        ...layers.map((_, at) => ({
          created_by: ['ADD rootfs.tar / # base', 'RUN apt-get install -y nginx', 'COPY dist /srv/www'][at % 3],
        })),
        { created_by: 'CMD ["nginx"]', empty_layer: true },
      ],
      config: {
        Entrypoint: ['/entry.sh'],
        Cmd: ['nginx', '-g', 'daemon off;'],
        Env: ['PATH=/usr/sbin:/usr/bin', 'APP_ENV=production'],
        ExposedPorts: { '8080/tcp': {} },
        WorkingDir: '/srv',
        User: 'app',
        Labels: {
          'org.opencontainers.image.title': 'Shop',
          'org.opencontainers.image.description': 'The shop of the team, front and back',
        },
      },
    };
    const parts = [];
    for (const bytes of packed) parts.push(await this.blob(repository, bytes, `${oci}layer.v1.tar+gzip`));
    const descriptor = await this.manifest(repository, reference, {
      mediaType: `${oci}manifest.v1+json`,
      config: await this.blob(repository, JSON.stringify(config), `${oci}config.v1+json`),
      layers: parts,
    });
    return { ...descriptor, platform: { os: 'linux', architecture } };
  }

  /** Something about a manifest: a signature, a list of parts. */
  async about(repository: string, subject: Descriptor, artifactType: string, content: string): Promise<void> {
    await this.manifest(repository, undefined, {
      mediaType: `${oci}manifest.v1+json`,
      artifactType,
      config: await this.blob(repository, '{}', 'application/vnd.oci.empty.v1+json'),
      layers: [await this.blob(repository, content, artifactType)],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    });
  }

  async #send(method: string, path: string, body: Buffer, type: string): Promise<void> {
    const answer = await fetch(this.#url + path, {
      method,
      body: new Uint8Array(body),
      headers: { 'content-type': type, ...this.#headers },
    });
    if (answer.status !== 201) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** `team/shop` with 1.0, 1.1 and, for two platforms and signed, 2.0 and latest; a chart beside it. */
export async function pushShop(pusher: Pusher): Promise<void> {
  const base = 'the base that all versions share '.repeat(4000);
  for (const version of ['1.0', '1.1'])
    await pusher.image('team/shop', version, 'amd64', [base, `programs of ${version} `.repeat(900)]);
  const entries = [];
  for (const architecture of ['amd64', 'arm64'])
    entries.push(
      await pusher.image('team/shop', undefined, architecture, [
        base,
        `programs of 2.0 for ${architecture} `.repeat(900),
        `pages of 2.0 `.repeat(300),
      ]),
    );
  const index = { mediaType: `${oci}index.v1+json`, manifests: entries };
  const shop = await pusher.manifest('team/shop', '2.0', index);
  await pusher.manifest('team/shop', 'latest', index);
  await pusher.about('team/shop', shop, 'application/vnd.dev.cosign.artifact.sig.v1+json', '{"critical":{}}');
  await pusher.about('team/shop', shop, 'application/spdx+json', '{"spdxVersion":"SPDX-2.3"}');
  await pusher.manifest('charts/shop', '2.0', {
    mediaType: `${oci}manifest.v1+json`,
    config: await pusher.blob('charts/shop', '{"name":"shop"}', 'application/vnd.cncf.helm.config.v1+json'),
    layers: [
      await pusher.blob('charts/shop', gzipSync('chart'), 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'),
    ],
  });
}
