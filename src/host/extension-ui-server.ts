import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { WharfError } from '../contract/errors.ts';
import { hasErrno, readIfThere, writeAtomic } from '../machine/atomic-file.ts';
import { contentTypeOf, decodePath, listFiles } from './static-files.ts';

const scriptPath = '/__wharf/dd-client.js';

export interface ExtensionUiServerOptions {
  readonly home: string;
  /** Folder of an installed extension's page, and its ddClient script; undefined when there is no such extension. */
  readonly lookUp: (name: string) => Promise<{ folder: string; script: string } | undefined>;
}

/**
 * Serves the pages of extensions, each on an origin of its own: http://<name>.localhost:<port>. It is never the app's
 * origin, holds no session and offers nothing but the extension's own files, so it needs no sign-in; what an extension may
 * do goes through the app that frames it.
 *
 * The port is kept, because an origin's storage goes with it: an extension finds its data again after a restart.
 */
export class ExtensionUiServer implements AsyncDisposable {
  readonly #options: ExtensionUiServerOptions;
  readonly #server: Server;
  readonly #port: number;

  private constructor(options: ExtensionUiServerOptions, server: Server, port: number) {
    this.#options = options;
    this.#server = server;
    this.#port = port;
    server.on('request', (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(options: ExtensionUiServerOptions): Promise<ExtensionUiServer> {
    const file = path.join(options.home, 'extension-ui-port');
    const kept = Number((await readIfThere(file))?.trim() ?? 0);
    const server = createServer();
    const port = await listen(server, Number.isInteger(kept) && kept > 1023 && kept < 65536 ? kept : 0);
    // Another Wharf may hold the kept port now; its extensions keep their storage, this one's have none for this run.
    if (kept === 0) await writeAtomic(file, `${port}\n`);
    return new ExtensionUiServer(options, server, port);
  }

  /** For a Content-Security-Policy's frame-src. */
  get frameSource(): string {
    return `http://*.localhost:${this.#port}`;
  }

  /** Whether an address is one of an extension's pages. */
  serves(url: string): boolean {
    return new RegExp(`^http://[a-z0-9-]{1,63}\\.localhost:${this.#port}/`).test(url);
  }

  originOf(name: string): string {
    return `http://${name}.localhost:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = new RegExp(`^([a-z0-9-]{1,63})\\.localhost:${this.#port}$`).exec(request.headers.host ?? '')?.[1];
    const found = name === undefined ? undefined : await this.#options.lookUp(name);
    const pathname = decodePath((request.url ?? '/').split('?', 1)[0] ?? '/');
    if (found === undefined || pathname === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    if (pathname === scriptPath) return send(request, response, 'text/javascript; charset=utf-8', found.script);
    const files = await listFiles(found.folder);
    const file = files.get(pathname) ?? files.get(path.posix.join(pathname, 'index.html'));
    if (file === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    const body = await file.read();
    const isPage = file.contentType.startsWith('text/html');
    send(request, response, contentTypeOf(file.name), isPage ? withScript(body.toString('utf8')) : body);
  }
}

/** Puts the script before any of the page's own. */
export function withScript(html: string): string {
  const tag = `<script src="${scriptPath}"></script>`;
  const head = /<head(?:\s[^>]*)?>/i.exec(html);
  if (head !== null) return html.slice(0, head.index + head[0].length) + tag + html.slice(head.index + head[0].length);
  const start = /^\s*(?:<!doctype[^>]*>)?\s*(?:<html(?:\s[^>]*)?>)?/i.exec(html)?.[0] ?? '';
  return start + tag + html.slice(start.length);
}

function send(request: IncomingMessage, response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, {
    'content-type': type,
    'cache-control': 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function listen(server: Server, port: number): Promise<number> {
  for (const attempt of [port, 0]) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(attempt, '127.0.0.1', () => {
          server.off('error', reject);
          resolve();
        });
      });
      const address = server.address();
      if (typeof address === 'object' && address !== null) return address.port;
    } catch (error) {
      if (!hasErrno(error, 'EADDRINUSE')) throw error;
    }
  }
  throw new WharfError('port.in-use', 'no port is free for the pages of extensions');
}
