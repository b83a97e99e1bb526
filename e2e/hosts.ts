import { existsSync } from 'node:fs';
import path from 'node:path';

/** What shows the app in a test: the real Electron, its stand-in, or a browser on the web gateway. */
export type HostKind = 'electron' | 'standin' | 'web';

export const projectRoot = path.join(import.meta.dirname, '..');
export const standinFolder = path.join(import.meta.dirname, 'standin/dist');

/** Folder of the real Electron binary, where it could be downloaded. */
export function realElectronFolder(): string | undefined {
  const folder = path.join(projectRoot, 'node_modules/electron/dist');
  return existsSync(path.join(folder, 'electron')) ? folder : undefined;
}

export const chromiumExecutable = process.env.WHARF_CHROMIUM ?? '/usr/bin/chromium';
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
