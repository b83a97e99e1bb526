// Node modules from the lockfile, installed once a lockfile.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { at, capture, good, runQuietly, say } from './project.mjs';

const stamp = at('node_modules/.wharf-installed');
const wanted = () =>
  createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .update(process.platform + process.arch)
    .digest('hex');

export async function installNodeModules() {
  const id = wanted();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === id) return;
  say('Installing the node modules of package-lock.json (Node 24 comes with them)');
  const npm = capture('npm', ['--version']);
  if (npm === undefined)
    throw new Error('npm is missing. Install Node.js 18 or later with npm: sudo apt-get install nodejs npm');
  // The desktop binary is fetched by scripts/lib/electron-binary.mjs, where it is of use and can be had.
  await runQuietly('npm ci', 'npm', ['ci', '--no-audit', '--no-fund'], { env: { ELECTRON_SKIP_BINARY_DOWNLOAD: '1' } });
  writeFileSync(stamp, id);
  good('Node modules installed');
}
