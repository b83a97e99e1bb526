import { spawn } from 'node:child_process';

/** Opens an address in the user's browser when there is a screen to show it on. A failure is the user's to notice. */
export function openBrowser(url: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const hasScreen = process.platform === 'darwin' || (env.DISPLAY ?? env.WAYLAND_DISPLAY ?? '') !== '';
  if (!hasScreen) return false;
  const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
  return true;
}
