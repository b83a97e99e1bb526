import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { WharfError } from '../contract/errors.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StaticFile {
  /** Path below the root, with a leading slash. */
  readonly name: string;
  readonly contentType: string;
  /** Named by a hash of its content, so it never changes. */
  readonly immutable: boolean;
  read(): Promise<Buffer>;
}

export interface StaticFiles {
  /** @param pathname of the URL, still percent-encoded; undefined when there is no such file */
  find(pathname: string): StaticFile | undefined;
  /** The page itself, for routes of the app. */
  readonly index: StaticFile;
}

/**
 * The files under a folder as they are now, by path. What is served is looked up in this list, so no request can name a
 * file outside it, whatever it holds. Links are left out.
 */
export async function listFiles(root: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = `/${path.relative(root, file).split(path.sep).join('/')}`;
    files.set(name, {
      name,
      contentType: contentTypeOf(name),
      immutable: /^\/assets\/.*[-.][A-Za-z0-9_-]{8}\.\w+$/.test(name),
      read: () => readFile(file),
    });
  }
  return files;
}

/**
 * The built app.
 *
 * @throws WharfError 'request.not-found' when there is no index.html
 */
export async function listStaticFiles(root: string): Promise<StaticFiles> {
  const files = await listFiles(root);
  const index = files.get('/index.html');
  if (index === undefined) {
    throw new WharfError('request.not-found', `${root} holds no index.html`, {
      hint: 'Build the app: `npm run build`.',
    });
  }
  return { index, find: (pathname) => files.get(decodePath(pathname) ?? '') };
}

export function contentTypeOf(name: string): string {
  return types[path.posix.extname(name).toLowerCase()] ?? 'application/octet-stream';
}

/** @returns undefined for what is not valid percent-encoding */
export function decodePath(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}

/** A path that names a route of the app rather than a file: its last part has no extension. */
export function isAppRoute(pathname: string): boolean {
  return !path.posix.basename(pathname).includes('.');
}

/**
 * The app's Content-Security-Policy. Scripts only from the app's own files; frames only from the extension host, which is
 * another origin. Inline styles are needed by the terminal and the charts, which set them from script.
 */
export function appPolicy(options: { connect: readonly string[]; frames: readonly string[] }): string {
  const list = (sources: readonly string[]) => sources.map((source) => ` ${source}`).join('');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self'${list(options.connect)}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    `frame-src${options.frames.length === 0 ? " 'none'" : list(options.frames)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}
