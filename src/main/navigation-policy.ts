import { app, type Session, shell, type WebContents } from 'electron';
import { externalUrl } from '../host/desktop-features.ts';
import { isAppUrl } from './app-protocol.ts';

/**
 * What a window may load: the app, and in frames the pages of extensions. Everything else is refused; a link to the web
 * opens in the user's browser.
 */
export function restrictNavigation(contents: WebContents, isFrameUrl: (url: string) => boolean): void {
  contents.on('will-navigate', (event) => {
    if (!isAppUrl(event.url)) event.preventDefault();
  });
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame && !isFrameUrl(event.url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    void openInBrowser(url).catch(() => {
      // An address that may not be opened is not opened; the page that asked gets no window either way.
    });
    return { action: 'deny' };
  });
}

/** @throws WharfError 'request.invalid' for anything but plain http and https */
export async function openInBrowser(url: string): Promise<void> {
  await shell.openExternal(externalUrl(url));
}

// Copying text, and framing the pages of extensions, which loopback serves: Chromium asks before a page may reach that.
const appPermissions = ['clipboard-sanitized-write', 'local-network-access', 'loopback-network'];

/** No camera, microphone, location, notifications, devices … for any page; the app's own page has the few it needs. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer, details) =>
    answer(appPermissions.includes(permission) && isAppUrl(details.requestingUrl)),
  );
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => appPermissions.includes(permission) && isAppUrl(origin),
  );
}

/** Holds for every window and frame that ever comes to be. */
export function restrictEveryWindow(isFrameUrl: (url: string) => boolean): void {
  app.on('web-contents-created', (_event, contents) => restrictNavigation(contents, isFrameUrl));
}
