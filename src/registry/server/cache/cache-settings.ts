/** The environment has the sign-in of the registry that `--upstream` names: never a command line, which everybody can read. */
export const upstreamUser = 'WHARF_REGISTRY_UPSTREAM_USERNAME';
export const upstreamPassword = 'WHARF_REGISTRY_UPSTREAM_PASSWORD';

/** Of which registry a part of this one is a cache, and how. */
export interface CacheSettings {
  /** First part of the names: `hub/library/nginx` is `library/nginx` there. Empty: the whole registry is the cache. */
  readonly prefix: string;
  /** Base URL. */
  readonly upstream: string;
  /** JSON: `{"username", "password"}`. */
  readonly credentialsFile?: string;
  /** How long a tag is believed before the upstream is asked whether it still names the same. */
  readonly tagTtlSeconds?: number;
  /** What was used longest ago goes when there is more. */
  readonly maxBytes?: number;
}

/** Without a slash, and `/v2`, at its end; or what it should have been. */
export function readBaseUrl(value: unknown): { readonly url: string } | { readonly fault: string } {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    return { fault: 'a base URL, as https://registry-1.docker.io' };
  if (url.username !== '' || url.password !== '') return { fault: 'without a password: that belongs into a file' };
  return { url: `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/v2$/, '')}` };
}
