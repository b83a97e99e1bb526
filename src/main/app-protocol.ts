import { protocol } from 'electron';
import { appPolicy, isAppRoute, type StaticFiles } from '../host/static-files.ts';

const scheme = 'app';
const host = 'wharf';
export const appUrl = `${scheme}://${host}/`;

/** Before the app is ready: `app:` is a secure origin with history and fetch, as https is. */
export function registerAppScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true };
  protocol.registerSchemesAsPrivileged([{ scheme, privileges }]);
}

export function isAppUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === `${scheme}:` && url.host === host;
}

/** Serves the built renderer at app://wharf/, with its Content-Security-Policy. */
export function serveApp(files: StaticFiles, frameSources: readonly string[]): void {
  const policy = appPolicy({ connect: [], frames: frameSources });
  protocol.handle(scheme, async (request) => {
    const { pathname } = new URL(request.url);
    const file = files.find(pathname) ?? (isAppRoute(pathname) ? files.index : undefined);
    if (!isAppUrl(request.url) || file === undefined) return new Response('not found', { status: 404 });
    const body = new Uint8Array(await file.read());
    return new Response(body, {
      headers: {
        'content-type': file.contentType,
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
      },
    });
  });
}
