/**
 * Certificates by host, where docker's users keep them:
 *
 *     <folder>/HOST[:PORT]/*.crt           authorities to believe for this host, besides the machine's own
 *     <folder>/HOST[:PORT]/NAME.cert, .key a certificate to show it, and its private key
 *
 * Read again when a second has passed, so that a file put there counts for the next pull without a restart. An authority also
 * counts for where its registry sends us (token services, blob stores): they often share one. What we show ourselves does not.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';

export const systemCertificateFolders: readonly string[] = ['/etc/docker/certs.d', '/etc/wharf/certs.d'];

/** Those of an engine that an ordinary user runs count besides. */
export function certificateFolders(
  isOrdinaryUser: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const home = environment.XDG_CONFIG_HOME || (environment.HOME ? `${environment.HOME}/.config` : '');
  if (!isOrdinaryUser || !home.startsWith('/')) return systemCertificateFolders;
  return [...systemCertificateFolders, `${home}/docker/certs.d`, `${home}/wharf/certs.d`];
}

export interface TlsMaterial {
  readonly authorities: readonly string[];
  readonly shown: readonly { readonly cert: string; readonly key: string }[];
  /** Tells materials apart; empty when there is none. */
  readonly fingerprint: string;
}

interface FoundFiles {
  readonly authorities: readonly string[];
  readonly shown: TlsMaterial['shown'];
}

const keptMs = 1000;
const maxHosts = 256;
const maxFileBytes = 1024 * 1024;
const nothing: FoundFiles = { authorities: [], shown: [] };

export class HostCertificates {
  readonly #folders: readonly string[];
  readonly #found = new Map<string, { readonly untilMs: number; readonly files: FoundFiles }>();

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * For a connection to `url`, asked on behalf of the registry `home` (`host[:port]`).
   * @throws WharfError 'request.invalid' for a file that is none of what its name says, or half of a pair
   */
  forConnection(url: URL, home?: string): TlsMaterial {
    const own = this.#ofHost(url.host, url.port === '');
    const ofHome = home === undefined || home === url.host ? nothing : this.#ofHost(home, !/:\d+$/.test(home));
    const authorities = [...own.authorities, ...ofHome.authorities];
    const { shown } = own;
    const isEmpty = authorities.length === 0 && shown.length === 0;
    const all = JSON.stringify([authorities, shown]);
    return { authorities, shown, fingerprint: isEmpty ? '' : createHash('sha256').update(all).digest('hex') };
  }

  #ofHost(host: string, isDefaultPort: boolean): FoundFiles {
    // A host of a redirect may be anything: only what can be a name or an address becomes a path.
    if (this.#folders.length === 0 || !/^[\w[][\w.:[\]-]*$/.test(host)) return nothing;
    const kept = this.#found.get(host);
    if (kept !== undefined && kept.untilMs > performance.now()) return kept.files;
    const names = isDefaultPort ? [host, `${host}:443`] : [host];
    const all = this.#folders.flatMap((folder) => names.map((name) => readFolder(join(folder, name))));
    const files = {
      authorities: all.flatMap((one) => one.authorities),
      shown: all.flatMap((one) => one.shown),
    };
    if (this.#found.size >= maxHosts) this.#found.clear();
    this.#found.set(host, { untilMs: performance.now() + keptMs, files });
    return files;
  }
}

function readFolder(folder: string): FoundFiles {
  const names = namesIn(folder);
  const authorities: string[] = [];
  const shown: { cert: string; key: string }[] = [];
  for (const name of names) {
    if (name.endsWith('.crt')) authorities.push(...readAuthorities(join(folder, name)));
    if (name.endsWith('.cert')) {
      const key = `${name.slice(0, -'.cert'.length)}.key`;
      if (!names.includes(key)) {
        const why = `missing key ${key} for client certificate ${name}`;
        throw bad(folder, why, 'Certificates of authorities must use the extension .crt.');
      }
      shown.push(readPair(join(folder, name), join(folder, key)));
    }
    if (name.endsWith('.key') && !names.includes(`${name.slice(0, -'.key'.length)}.cert`)) {
      const cert = `${name.slice(0, -'.key'.length)}.cert`;
      throw bad(folder, `missing client certificate ${cert} for key ${name}`, `Put ${cert} beside it.`);
    }
  }
  return { authorities, shown };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw unreadable(folder, error);
  }
}

function readAuthorities(path: string): readonly string[] {
  const blocks = readText(path).match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw bad(path, 'holds no certificate', 'It must be PEM: -----BEGIN CERTIFICATE-----.');
  for (const block of blocks) certificate(path, block);
  return blocks;
}

function readPair(certPath: string, keyPath: string): { cert: string; key: string } {
  const cert = readText(certPath);
  const key = readText(keyPath);
  const first = certificate(certPath, cert);
  let fits: boolean;
  try {
    fits = first.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw bad(keyPath, 'holds no private key that can be read', 'It must be PEM without a password.', error);
  }
  if (!fits) throw bad(keyPath, `is not the key of ${basename(certPath)}`, 'Put the key that belongs to it there.');
  return { cert, key };
}

function certificate(path: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw bad(path, 'holds no certificate that can be read', 'It must be PEM: -----BEGIN CERTIFICATE-----.', error);
  }
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > maxFileBytes) throw new RangeError(`it has ${bytes.length} bytes`);
    return bytes.toString('latin1');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): WharfError {
  const why = error instanceof Error ? error.message : String(error);
  return bad(path, `can not be read: ${why}`, 'The engine must be allowed to read it.', error);
}

function bad(path: string, why: string, hint: string, cause?: unknown): WharfError {
  return new WharfError('request.invalid', `${path}: ${why}`, { hint, ...(cause === undefined ? {} : { cause }) });
}
