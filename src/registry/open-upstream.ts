/** What a cache of the registry server asks of its upstream, over the registry client. */
import { readFile } from 'node:fs/promises';
import { isWharfError, WharfError } from '../contract/errors.ts';
import { isJsonObject } from '../oci/json-fields.ts';
import { defaultDomain, type Reference } from '../oci/reference.ts';
import { createRegistryClient } from './client/create-registry-client.ts';
import type { RegistryAuth } from './client/registry-client.ts';
import { type CacheSettings, upstreamPassword, upstreamUser } from './server/cache/cache-settings.ts';
import type { Upstream, UpstreamSelector } from './server/cache/upstream.ts';

const userAgent = 'wharf-registry';
/** Docker Hub keeps its official images below this; its clients leave it out. */
const hubLibrary = 'library/';
const hubHosts: ReadonlySet<string> = new Set(['registry-1.docker.io', 'docker.io', 'index.docker.io']);

/** @throws WharfError 'request.invalid' when the credentials can not be read */
export async function openUpstream(
  settings: CacheSettings,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Upstream> {
  const { upstream, prefix, credentialsFile } = settings;
  const { host, protocol } = new URL(upstream);
  const auth = async (): Promise<{ readonly auth?: RegistryAuth }> => {
    // Read each time: a password that was changed counts at once, and is not kept in memory.
    if (credentialsFile !== undefined) return { auth: await readCredentials(credentialsFile) };
    const [username, password] = [environment[upstreamUser], environment[upstreamPassword]];
    return prefix !== '' || username === undefined || password === undefined ? {} : { auth: { username, password } };
  };
  await auth();
  // The client's default registry is the upstream: it is asked at this very base URL, and no other one is.
  const client = createRegistryClient(
    {
      mirrors: [],
      fallbacks: [],
      insecureRegistries: protocol === 'http:' ? [host] : [],
      userAgent,
    },
    { hubUrl: upstream },
  );
  const isHub = hubHosts.has(host);
  const reference = (repository: string, selector?: UpstreamSelector): Reference => ({
    domain: defaultDomain,
    path: isHub && !repository.includes('/') ? `${hubLibrary}${repository}` : repository,
    ...(selector?.kind === 'tag' ? { tag: selector.tag } : {}),
    ...(selector?.kind === 'manifest' ? { digest: selector.digest } : {}),
  });
  return {
    async manifest(repository, selector, { signal, held }) {
      const options = { signal, ...(await auth()), ...(held === undefined ? {} : { held }) };
      const { descriptor, bytes } = await client.fetchManifest(reference(repository, selector), options);
      return { digest: descriptor.digest, mediaType: descriptor.mediaType, bytes };
    },
    blobSize: async (repository, digest, signal) =>
      await client.blobSize(reference(repository), digest, { signal, ...(await auth()) }),
    async blob(repository, { digest, sizeBytes, verify }, signal) {
      const descriptor = { mediaType: 'application/octet-stream', digest, size: sizeBytes };
      const options = { signal, verifyDigest: verify, ...(await auth()) };
      return await client.fetchBlob(reference(repository), descriptor, options);
    },
    tags: async (repository, signal) => await client.tags(reference(repository), { signal, ...(await auth()) }),
    referrers: async (repository, subject, signal) =>
      await client.referrers(reference(repository), subject, { signal, ...(await auth()) }),
    close: () => client.close(),
  };
}

/** `{"username", "password"}`. */
async function readCredentials(file: string): Promise<RegistryAuth> {
  const what = `the credentials file ${file}`;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (isWharfError(error)) throw error;
    // The cause may quote what is in the file.
    throw new WharfError('request.invalid', `${what} can not be read, or is no JSON`);
  }
  const { username, password } = isJsonObject(json) ? json : {};
  if (typeof username !== 'string' || typeof password !== 'string')
    throw new WharfError('request.invalid', `${what} must hold {"username": ..., "password": ...}`);
  return { username, password };
}
