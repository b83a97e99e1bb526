import path from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { StoredCredential } from '../contract/host-schemas.ts';
import { readIfThere, writeAtomic } from '../machine/atomic-file.ts';
import type { SecretBox } from './secret-box.ts';

const Entry = Type.Object({
  registry: Type.String(),
  username: Type.String(),
  box: Type.String(),
  sealed: Type.String(),
});
const File = Type.Array(Entry);
type Entry = Static<typeof Entry>;

/** Node takes 16 KiB of headers in all. */
const maxConfigHeader = 12 * 1024;

/** Sign-ins to registries. Secrets are sealed by a SecretBox and leave only as the header the engine takes. */
export class CredentialStore {
  readonly #file: string;
  readonly #box: SecretBox;
  #entries: Entry[];
  #writes: Promise<unknown> = Promise.resolve();

  private constructor(file: string, box: SecretBox, entries: Entry[]) {
    this.#file = file;
    this.#box = box;
    this.#entries = entries;
  }

  static async open(home: string, box: SecretBox): Promise<CredentialStore> {
    const file = path.join(home, 'credentials.json');
    const text = await readIfThere(file);
    const stored: unknown = text === undefined ? [] : JSON.parse(text);
    return new CredentialStore(file, box, Value.Check(File, stored) ? stored : []);
  }

  list(): StoredCredential[] {
    return this.#entries.map(({ registry, username }) => ({ registry, username }));
  }

  async save(registry: string, username: string, secret: string): Promise<StoredCredential> {
    const name = canonicalRegistry(registry);
    const entry = { registry: name, username, box: this.#box.kind, sealed: this.#box.encrypt(secret) };
    await this.#change((entries) => [...entries.filter((other) => other.registry !== name), entry]);
    return { registry: name, username };
  }

  async remove(registry: string): Promise<void> {
    const name = canonicalRegistry(registry);
    await this.#change((entries) => entries.filter((entry) => entry.registry !== name));
  }

  /** Value of X-Registry-Auth for pulling or pushing this image; undefined when not signed in to its registry. */
  authHeaderFor(image: string): string | undefined {
    const registry = registryOf(image);
    const entry = this.#entries.find((other) => other.registry === registry && other.box === this.#box.kind);
    if (entry === undefined) return undefined;
    const password = this.#box.decrypt(entry.sealed);
    return Buffer.from(JSON.stringify({ username: entry.username, password, serveraddress: registry })).toString(
      'base64url',
    );
  }

  /** Value of X-Registry-Config: every sign-in by registry, as many as fit into a header; undefined without any. */
  configHeader(): string | undefined {
    const config: Record<string, { username: string; password: string }> = {};
    let header: string | undefined;
    for (const entry of this.#entries.filter((each) => each.box === this.#box.kind)) {
      const password = this.#readable(entry);
      if (password === undefined) continue;
      config[entry.registry] = { username: entry.username, password };
      const next = Buffer.from(JSON.stringify(config)).toString('base64url');
      if (next.length > maxConfigHeader) return header;
      header = next;
    }
    return header;
  }

  /** One sign-in that can not be read any more must not end a search over all; its registry will ask for one. */
  #readable(entry: Entry): string | undefined {
    try {
      return this.#box.decrypt(entry.sealed);
    } catch {
      return undefined;
    }
  }

  async #change(edit: (entries: readonly Entry[]) => Entry[]): Promise<void> {
    const write = this.#writes.then(async () => {
      const next = edit(this.#entries);
      await writeAtomic(this.#file, `${JSON.stringify(next, null, 2)}\n`);
      this.#entries = next;
    });
    this.#writes = write.catch(() => {});
    await write;
  }
}

/** `https://Index.Docker.io/v1/` and `docker.io` are one registry. */
export function canonicalRegistry(text: string): string {
  const host = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
  return ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com', ''].includes(host) ? 'docker.io' : host;
}

/** The registry an image name points at, by the distribution grammar: a first part with a dot, a port, or localhost. */
export function registryOf(image: string): string {
  const first = image.split('/', 1)[0] ?? '';
  const named = image.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  return named ? canonicalRegistry(first) : 'docker.io';
}
