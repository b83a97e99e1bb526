/**
 * Plugins that somebody else runs, found by the files they leave:
 *
 *   /run/docker/plugins/<name>.sock, <name>/<name>.sock
 *   /etc/docker/plugins, /usr/lib/docker/plugins: <name>.spec (an address), <name>.json (address and TLS), or in a folder <name>
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { field, type PluginAddress, textField } from './plugin-client.ts';

export interface LegacyPlaces {
  readonly sockets: string;
  /** In order of precedence. */
  readonly specs: readonly string[];
}

export const dockerPlaces: LegacyPlaces = {
  sockets: '/run/docker/plugins',
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'],
};

/** @returns undefined when there is no plugin of this name. @throws WharfError 'plugin.failed' for a broken spec file */
export function findLegacy(places: LegacyPlaces, name: string): PluginAddress | undefined {
  // A name is no path: nothing above the folders is looked at.
  if (name === '' || name.includes('/') || name.includes('\0') || name.startsWith('.')) return undefined;
  for (const path of pathsOf(places.sockets, name, '.sock')) if (isSocket(path)) return { kind: 'unix', path };
  for (const folder of places.specs) {
    for (const path of [...pathsOf(folder, name, '.spec'), ...pathsOf(folder, name, '.json')]) {
      const text = readOrUndefined(path);
      if (text !== undefined)
        return path.endsWith('.json') ? readJsonSpec(path, text) : parseAddress(path, text.trim());
    }
  }
  return undefined;
}

/** Names of all there are. */
export function scanLegacy(places: LegacyPlaces): readonly string[] {
  const names = new Set<string>();
  for (const entry of entriesOf(places.sockets)) {
    if (entry.isSocket()) names.add(stem(entry.name));
    if (entry.isDirectory() && isSocket(join(places.sockets, entry.name, `${entry.name}.sock`))) names.add(entry.name);
  }
  for (const folder of places.specs) {
    for (const entry of entriesOf(folder)) {
      const isFolder = entry.isDirectory();
      const inside = isFolder
        ? entriesOf(join(folder, entry.name)).filter(({ name }) => stem(name) === entry.name)
        : [entry];
      for (const { name } of inside) if (['.spec', '.json'].includes(extname(name))) names.add(stem(name));
    }
  }
  return [...names].sort();
}

function pathsOf(folder: string, name: string, extension: string): readonly string[] {
  return [join(folder, name + extension), join(folder, name, name + extension)];
}

function readJsonSpec(path: string, text: string): PluginAddress {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new WharfError('plugin.failed', `${path}: not JSON`, { cause });
  }
  const address = parseAddress(path, textField(document, 'Addr'));
  const tls = field(document, 'TLSConfig');
  if (address.kind === 'unix' || tls === undefined || tls === null) return address;
  const caFile = textField(tls, 'CAFile');
  return {
    ...address,
    tls: {
      caFile,
      certFile: textField(tls, 'CertFile'),
      keyFile: textField(tls, 'KeyFile'),
      // Without a certificate to check it with, Docker takes any.
      insecureSkipVerify: caFile === '' || field(tls, 'InsecureSkipVerify') === true,
    },
  };
}

/** `unix:///path`, `tcp://host:port`, `http://host:port`, `https://host:port` */
function parseAddress(path: string, text: string): PluginAddress {
  const fail = (why: string, cause?: unknown) => new WharfError('plugin.failed', `${path}: ${why}`, { cause });
  if (text.startsWith('unix://')) return { kind: 'unix', path: text.slice('unix://'.length) };
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw fail('Unknown protocol', cause);
  }
  const { hostname, port, protocol } = url;
  if (!['tcp:', 'http:', 'https:'].includes(protocol) || hostname === '') throw fail('Unknown protocol');
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const tls = { caFile: '', certFile: '', keyFile: '', insecureSkipVerify: true };
  return { kind: 'tcp', host, port: Number(port || (isTls ? 443 : 80)), ...(isTls ? { tls } : {}) };
}

function stem(name: string): string {
  return basename(name, extname(name));
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
