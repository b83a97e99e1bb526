/**
 * Where a repository is asked for, in order: the mirrors of Docker Hub (for docker.io only), the registry itself, then the
 * fallbacks (for docker.io only: they hold repositories under Docker Hub's names and must not answer for other registries).
 *
 * An endpoint that could not be reached is left out for a while when others can be asked, so that a machine without internet
 * waits for Docker Hub once and not for every blob.
 */
import { isIP } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import { defaultDomain } from '../../oci/reference.ts';
import { hostOf, inSubnet, isLoopbackHost } from './proxy-rules.ts';
import type { RegistryAuth, RegistryClientConfig } from './registry-client.ts';

export const hubRegistryHost = 'registry-1.docker.io';
/** What docker calls Docker Hub where credentials are stored. */
export const hubLoginServer = 'https://index.docker.io/v1/';

export interface Endpoint {
  readonly kind: 'mirror' | 'registry' | 'fallback';
  /** `host[:port]`, as it is shown. */
  readonly host: string;
  /** Base URLs without a trailing slash to try, in order; two when the host may speak plain HTTP. */
  readonly bases: readonly string[];
  /** Any certificate will do. */
  readonly insecure: boolean;
}

export class EndpointList {
  readonly #config: RegistryClientConfig;
  readonly #memoryMs: number;
  readonly #hubUrl: string;
  readonly #unreachable = new Map<string, { readonly untilMs: number; readonly error: WharfError }>();

  constructor(config: RegistryClientConfig, memoryMs: number, hubUrl = `https://${hubRegistryHost}`) {
    this.#config = config;
    this.#memoryMs = memoryMs;
    this.#hubUrl = hubUrl;
  }

  /** Whom to ask for content of `domain`. */
  forPull(domain: string): readonly Endpoint[] {
    if (domain !== defaultDomain) return [this.registry(domain)];
    const urls = (kind: 'mirror' | 'fallback', list: readonly string[]): Endpoint[] =>
      list.map((url) => this.#fromUrl(kind, url));
    return [
      ...urls('mirror', this.#config.mirrors),
      this.registry(domain),
      ...urls('fallback', this.#config.fallbacks),
    ];
  }

  fallbacks(): readonly Endpoint[] {
    return this.#config.fallbacks.map((url) => this.#fromUrl('fallback', url));
  }

  registry(domain: string): Endpoint {
    if (domain === defaultDomain) return this.#fromUrl('registry', this.#hubUrl);
    const insecure = this.isInsecure(domain);
    return {
      kind: 'registry',
      host: domain,
      bases: insecure ? [`https://${domain}`, `http://${domain}`] : [`https://${domain}`],
      insecure,
    };
  }

  /** @throws WharfError 'request.invalid' for a configured address that is none */
  #fromUrl(kind: Endpoint['kind'], address: string): Endpoint {
    const text = /^https?:\/\//i.test(address) ? address : `https://${address}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || url.username !== '' || url.search !== '' || url.hash !== '') {
      throw new WharfError('request.invalid', `invalid registry ${kind} ${JSON.stringify(address)}: not a base URL`);
    }
    const path = url.pathname.replace(/\/+$/, '').replace(/\/v2$/, '');
    return { kind, host: url.host, bases: [`${url.origin}${path}`], insecure: this.isInsecure(url.host) };
  }

  /** Whether plain HTTP and unknown certificates are accepted from this `host[:port]`. */
  isInsecure(host: string): boolean {
    if (!URL.canParse(`http://${host}`)) return false;
    const name = hostOf(new URL(`http://${host}`));
    if (isLoopbackHost(name)) return true;
    return this.#config.insecureRegistries.some((entry) => {
      const plain = entry
        .replace(/^https?:\/\//, '')
        .replace(/\/+$/, '')
        .toLowerCase();
      if (plain.includes('/')) return isIP(name) !== 0 && inSubnet(name, plain);
      return plain === host.toLowerCase() || plain === name || plain === `[${name}]`;
    });
  }

  /** The credentials an endpoint may see: those of its own registry only. */
  authFor(endpoint: Endpoint, auth: RegistryAuth | undefined): RegistryAuth | undefined {
    if (auth === undefined || endpoint.kind === 'registry') return auth;
    const server = auth.serveraddress;
    return server !== undefined && server !== '' && serverHost(server) === endpoint.host ? auth : undefined;
  }

  remember(endpoint: Endpoint, error: WharfError): void {
    this.#unreachable.set(endpoint.host, { untilMs: performance.now() + this.#memoryMs, error });
  }

  forget(endpoint: Endpoint): void {
    this.#unreachable.delete(endpoint.host);
  }

  /** Why the endpoint could not be reached a moment ago. */
  recentFailure(endpoint: Endpoint): WharfError | undefined {
    const entry = this.#unreachable.get(endpoint.host);
    if (entry === undefined) return undefined;
    if (entry.untilMs > performance.now()) return entry.error;
    this.#unreachable.delete(endpoint.host);
    return undefined;
  }
}

/** The registry's `host[:port]` of an address as users and credential stores write it. */
export function serverHost(address: string): string {
  const host = address
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  return host === '' || host === 'docker.io' || host === 'index.docker.io' || host === 'registry.hub.docker.com'
    ? hubRegistryHost
    : host;
}
