import { WharfError } from '../contract/errors.ts';
import type { HostInput, HostOutput } from '../contract/host-api.ts';

/** What only a desktop shell can do. The web host has none of it: there the browser does what it can by itself. */
export interface DesktopFeatures {
  openFile(input: HostInput<'dialog.openFile'>): Promise<HostOutput<'dialog.openFile'>>;
  saveFile(input: HostInput<'dialog.saveFile'>): Promise<HostOutput<'dialog.saveFile'>>;
  openExternal(url: string): Promise<void>;
  writeClipboard(text: string): void;
  notify(input: HostInput<'notification.show'>): void;
}

export function noDesktopFeatures(): DesktopFeatures {
  const refuse = (): never => {
    throw new WharfError('host.unsupported', 'the web host can not do this', {
      hint: 'The browser does it by itself.',
    });
  };
  return {
    openFile: async () => refuse(),
    saveFile: async () => refuse(),
    openExternal: async () => refuse(),
    writeClipboard: refuse,
    notify: refuse,
  };
}

/**
 * An address that may be handed to the operating system: http or https, with a host, without a name and password.
 *
 * @throws WharfError 'request.invalid'
 */
export function externalUrl(text: string): string {
  const url = URL.parse(text);
  if (
    url === null ||
    (url.protocol !== 'https:' && url.protocol !== 'http:') ||
    url.host === '' ||
    url.username !== ''
  ) {
    throw new WharfError('request.invalid', 'only plain http and https addresses can be opened');
  }
  return url.href;
}
