/**
 * Custom schemes (app://wharf/x) are served by main; Chromium without Electron does not know them, so pages are loaded from
 * https://wharf.app-scheme.localhost/x and every such request is answered by the scheme's handler.
 */
export type SchemeHandler = (request: Request) => Response | Promise<Response>;

const handlers = new Map<string, SchemeHandler>();

export const protocol = {
  registerSchemesAsPrivileged(): void {},
  handle(scheme: string, handler: SchemeHandler): void {
    handlers.set(scheme, handler);
  },
  unhandle(scheme: string): void {
    handlers.delete(scheme);
  },
  isProtocolHandled: (scheme: string): boolean => handlers.has(scheme),
};

export const mappedPattern = 'https://*-scheme.localhost/*';

export function handlerOf(url: string): SchemeHandler | undefined {
  return handlers.get(url.split(':', 1)[0] ?? '');
}

export function toBrowserUrl(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*):\/\/([^/]*)/, (all, scheme: string, host: string) =>
    handlers.has(scheme) ? `https://${host === '' ? 'x' : host}.${scheme}-scheme.localhost` : all,
  );
}

export function fromBrowserUrl(url: string): string {
  return url.replace(
    /^https:\/\/([^/]+)\.([a-z0-9]+)-scheme\.localhost/,
    (_all, host: string, scheme: string) => `${scheme}://${host}`,
  );
}
