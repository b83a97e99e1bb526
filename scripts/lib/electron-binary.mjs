// The Electron binary: fetched once where there is a display to show it on; without it the web gateway serves the app.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at, node24, say, warn } from './project.mjs';

export function electronBinary() {
  const dir = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? at('node_modules/electron/dist');
  const file = path.join(
    dir,
    process.platform === 'win32'
      ? 'electron.exe'
      : process.platform === 'darwin'
        ? 'Electron.app/Contents/MacOS/Electron'
        : 'electron',
  );
  return existsSync(file) ? file : undefined;
}

export const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** Tries once a version; a machine that can't reach the download goes on without. */
export function fetchElectronBinary() {
  const tried = at('node_modules/electron/.wharf-tried');
  if (electronBinary() || !hasDisplay() || existsSync(tried)) return;
  say('Fetching the Electron binary for the desktop window');
  const result = spawnSync(node24, [at('node_modules/electron/install.js')], { timeout: 120_000, stdio: 'ignore' });
  mkdirSync(path.dirname(tried), { recursive: true });
  writeFileSync(tried, '');
  if (result.status !== 0 || !electronBinary())
    warn('The Electron binary could not be fetched; the app opens in the browser instead.');
}
