/**
 * The registry's own page, at `/ui/`: the files of one folder, read when the server starts and served to everybody; what the
 * page shows it asks of the API, with the rights of who signed in.
 *
 * Its policy allows scripts and styles from these files only. One style element more is allowed by a number made anew for each
 * answer: dialogs lock scrolling with it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { answer, type Exchange, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';

const prefix = '/ui/';
const noncePlace = '%WHARF_STYLE_NONCE%';
const maxFiles = 500;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

interface SiteFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Named by a hash of its content. */
  readonly immutable: boolean;
}

export class SiteFiles {
  readonly #files: ReadonlyMap<string, SiteFile>;

  private constructor(files: ReadonlyMap<string, SiteFile>) {
    this.#files = files;
  }

  /** Undefined when the folder holds no page, as where the page was not built. */
  static async read(folder: string): Promise<SiteFiles | undefined> {
    const files = new Map<string, SiteFile>();
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((each) => each.isFile()).slice(0, maxFiles)) {
      const file = join(entry.parentPath, entry.name);
      const name = relative(folder, file).split(sep).join('/');
      const bytes = await readFile(file);
      files.set(name, {
        bytes,
        type: types[extname(name)] ?? 'application/octet-stream',
        etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`,
        immutable: /^assets\/.*-[A-Za-z0-9_-]{8}\.\w+$/.test(name),
      });
    }
    return files.has('index.html') ? new SiteFiles(files) : undefined;
  }

  serves(path: string): boolean {
    return path === '/' || path === '/ui' || path.startsWith(prefix);
  }

  /** @throws RegistryError 'NOT_FOUND' | 'UNSUPPORTED' */
  send(exchange: Exchange, path: string): void {
    if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
    if (!path.startsWith(prefix)) {
      answer(exchange, 302, { location: prefix, 'cache-control': 'no-cache' });
      return;
    }
    const name = path.slice(prefix.length) || 'index.html';
    const file = this.#files.get(name);
    if (file === undefined) throw new RegistryError('NOT_FOUND');
    if (name === 'index.html') sendPage(exchange, file);
    else if (exchange.request.headers['if-none-match'] === file.etag) answer(exchange, 304, { etag: file.etag });
    else {
      const cache = file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
      answer(exchange, 200, { 'content-type': file.type, 'cache-control': cache, etag: file.etag }, file.bytes);
    }
  }
}

function sendPage(exchange: Exchange, file: SiteFile): void {
  const nonce = randomBytes(16).toString('base64url');
  const html = file.bytes.toString('utf8').replaceAll(noncePlace, nonce);
  answer(
    exchange,
    200,
    {
      'content-type': file.type,
      'cache-control': 'no-store',
      'content-security-policy': policy(nonce),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    },
    html,
  );
}

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
