/** Puts the parts of this folder together. */
import type { Readable } from 'node:stream';
import { isWharfError, raise, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { defaultDomain, type Reference } from '../../oci/reference.ts';
import { Authorizer } from './authorizer.ts';
import { BearerTokens } from './bearer-tokens.ts';
import { blobSize } from './blob-size.ts';
import type { Dial } from './dialling-agents.ts';
import { type Endpoint, EndpointList, hubRegistryHost, serverHost } from './endpoints.ts';
import { fetchBlob } from './fetch-blob.ts';
import { type EndpointAccess, fetchManifest } from './fetch-manifest.ts';
import { HostCertificates, systemCertificateFolders } from './host-certificates.ts';
import { HttpExchange } from './http-exchange.ts';
import { listReferrers } from './list-referrers.ts';
import { listTags } from './list-tags.ts';
import { login } from './login.ts';
import { type ProxyEnvironment, proxyRules } from './proxy-rules.ts';
import { firstAnswer } from './pull-failures.ts';
import { blobExists, pushBlob } from './push-blob.ts';
import { pushManifest } from './push-manifest.ts';
import type { RegistryClient, RegistryClientConfig, RequestOptions } from './registry-client.ts';
import { RegistrySession } from './registry-session.ts';
import { defaultTimeouts, type RegistryTimeouts } from './registry-timeouts.ts';
import { relayRequest } from './relay-request.ts';
import { RegistrySearch } from './search.ts';

export interface RegistryClientSurroundings {
  readonly timeouts?: Partial<RegistryTimeouts>;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read. */
  readonly environment?: ProxyEnvironment;
  /** Base URLs of Docker Hub's registry and of its search, for tests. */
  readonly hubUrl?: string;
  readonly hubSearchUrl?: string;
  /** Where a folder for each host may lie; docker's and ours of this machine when absent. */
  readonly certificateFolders?: readonly string[];
  /** Makes the connections, where the engine's own network is not the host's. */
  readonly dial?: Dial | undefined;
}

/** Client of every registry. `close` ends pooled connections; it is usable again afterwards. */
export type ClosableRegistryClient = RegistryClient & {
  /** Undefined when the repository has no such blob. */
  blobSize(reference: Reference, digest: Digest, options: RequestOptions): Promise<number | undefined>;
  close(): void;
};

/** @throws WharfError 'request.invalid' when a mirror or fallback is no base URL */
export function createRegistryClient(
  config: RegistryClientConfig,
  surroundings: RegistryClientSurroundings = {},
): ClosableRegistryClient {
  const timeouts = { ...defaultTimeouts, ...surroundings.timeouts };
  const proxies = proxyRules(surroundings.environment ?? process.env);
  const certificates = new HostCertificates(surroundings.certificateFolders ?? systemCertificateFolders);
  const { dial } = surroundings;
  const exchange = new HttpExchange({ timeouts, proxies, userAgent: config.userAgent, certificates, dial });
  const endpoints = new EndpointList(config, timeouts.unreachableMemoryMs, surroundings.hubUrl);
  const isInsecure = (host: string): boolean => endpoints.isInsecure(host);
  const session = new RegistrySession(
    exchange,
    new Authorizer(new BearerTokens(exchange, timeouts), isInsecure),
    isInsecure,
    timeouts,
  );
  const searching = new RegistrySearch(session, endpoints, surroundings.hubSearchUrl);
  // A wrong address shall be told at start, not at the first pull.
  endpoints.forPull(defaultDomain);

  const access = (endpoint: Endpoint, options: RequestOptions, hasAlternative = false): EndpointAccess => ({
    endpoint,
    auth: endpoints.authFor(endpoint, options.auth),
    connectMs: hasAlternative ? timeouts.connectWithAlternativeMs : timeouts.connectMs,
    signal: options.signal,
  });
  const registry = (reference: Reference, options: RequestOptions): EndpointAccess =>
    access(endpoints.registry(reference.domain), options);
  const pull = async <T>(
    reference: Reference,
    options: RequestOptions,
    ask: (access: EndpointAccess) => Promise<T>,
    first?: string,
  ): Promise<T> => {
    const all = endpoints.forPull(reference.domain);
    const preferred = first === undefined ? [] : all.filter((endpoint) => endpoint.bases.includes(first));
    const order = [...preferred, ...all.filter((endpoint) => !preferred.includes(endpoint))];
    return await firstAnswer(order, endpoints, reference, (endpoint, alternative) =>
      ask(access(endpoint, options, alternative)),
    );
  };

  return {
    fetchManifest: (reference, options) =>
      pull(reference, options, (own) => fetchManifest(session, reference, own, options.held)),
    fetchBlob: (reference: Reference, descriptor: Descriptor, options): Promise<Readable> => {
      const blob = { reference, descriptor, offset: options.offset ?? 0, verifyDigest: options.verifyDigest ?? true };
      return pull(reference, options, (own) => fetchBlob(session, blob, own), options.endpoint);
    },
    async referrers(reference, subject, options) {
      // A mirror that has none does not mean that there are none.
      const noneHere = new WharfError('manifest.unknown', `nothing refers to ${subject}`);
      try {
        const ask = async (own: EndpointAccess) => {
          const found = await listReferrers(session, reference, subject, own);
          return found.length > 0 ? found : raise(noneHere);
        };
        return await pull(reference, options, ask, options.endpoint);
      } catch (error) {
        if (isWharfError(error, 'manifest.unknown')) return [];
        throw error;
      }
    },
    blobSize: (reference, digest, options) =>
      pull(reference, options, (own) => blobSize(session, reference, digest, own)),
    blobExists: (reference, digest, options) => blobExists(session, reference, digest, registry(reference, options)),
    pushBlob: (reference, descriptor, open, options) => {
      const upload = {
        reference,
        descriptor,
        open,
        mountFrom: options.mountFrom ?? [],
        onMounted: options.onMounted ?? (() => undefined),
        onBytes: options.onBytes ?? (() => undefined),
      };
      return pushBlob(session, upload, registry(reference, options));
    },
    pushManifest: (reference, mediaType, bytes, options) =>
      pushManifest(session, reference, mediaType, bytes, registry(reference, options)),
    login: (auth, options) => {
      const host = serverHost(auth.serveraddress ?? '');
      const domain = host === hubRegistryHost ? defaultDomain : host;
      return login(session, access(endpoints.registry(domain), { auth, signal: options.signal }));
    },
    tags: (reference, options) => pull(reference, options, (own) => listTags(session, reference, own)),
    search: (query, options) => searching.search(query, options),
    relay: (domain, request, options) => relayRequest(session, request, access(endpoints.registry(domain), options)),
    close: () => exchange.close(),
  };
}
