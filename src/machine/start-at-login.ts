import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { writeAtomic } from './atomic-file.ts';

/** Starts a program with the desktop session on Linux: an entry in the autostart folder of freedesktop.org. */
export async function setLinuxAutostart(argv: readonly string[], enabled: boolean): Promise<void> {
  const config = process.env.XDG_CONFIG_HOME ?? path.join(homedir(), '.config');
  const file = path.join(config, 'autostart', 'wharf.desktop');
  if (!enabled) return await rm(file, { force: true });
  const command = argv.map((arg) => `"${arg.replace(/["\\`$]/g, '\\$&').replaceAll('%', '%%')}"`).join(' ');
  const entry = ['[Desktop Entry]', 'Type=Application', 'Name=Wharf', `Exec=${command} --hidden`, 'Terminal=false', ''];
  await writeAtomic(file, entry.join('\n'), 0o644);
}
