/**
 * Which proxy a URL goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY by the rules of Go's httpproxy, which docker's users
 * know: loopback is never proxied; `example.com` covers its subdomains, `.example.com` only these; addresses and CIDRs count.
 */
import { BlockList, isIP } from 'node:net';

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

export interface ProxyRules {
  readonly http: string | undefined;
  readonly https: string | undefined;
  bypasses(url: URL): boolean;
}

export function proxyRules(environment: ProxyEnvironment): ProxyRules {
  const read = (name: string): string | undefined => environment[name] || environment[name.toLowerCase()] || undefined;
  const exceptions = (read('NO_PROXY') ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter(Boolean);
  return {
    http: withScheme(read('HTTP_PROXY')),
    https: withScheme(read('HTTPS_PROXY')),
    bypasses: (url) => isLoopbackHost(hostOf(url)) || exceptions.some((exception) => covers(exception, url)),
  };
}

/** The host of a URL without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

export function isLoopbackHost(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

/** Whether `address` lies in `cidr` (`10.0.0.0/8`, `fd00::/8`); false when either is malformed. */
export function inSubnet(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false;
  const list = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(bits), name);
  return list.check(address, name);
}

function withScheme(proxy: string | undefined): string | undefined {
  return proxy === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function covers(exception: string, url: URL): boolean {
  if (exception === '*') return true;
  const host = hostOf(url);
  if (exception.includes('/')) return inSubnet(host, exception);
  const [, name = exception, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(exception) ?? [];
  const ownPort = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (port !== undefined && port !== ownPort) return false;
  const pattern = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  return pattern.startsWith('.') ? host.endsWith(pattern) : host === pattern || host.endsWith(`.${pattern}`);
}
