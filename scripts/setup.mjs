// npm run setup: installs what Wharf needs and makes the starter images. Each step is skipped when it is done already.
//   --tests        also what `npm test` needs (Chromium, a second OCI runtime)
//   --no-starter   no starter images
import { fetchElectronBinary } from './lib/electron-binary.mjs';
import { installNodeModules } from './lib/node-modules.mjs';
import { fail, good, isRoot, node24, root, run } from './lib/project.mjs';
import { installSystemPackages } from './lib/system-packages.mjs';

export async function setup({ tests = false, starter = true } = {}) {
  await installNodeModules();
  await installSystemPackages({ tests, starter: starter && isRoot });
  fetchElectronBinary();
  if (starter && isRoot && process.platform === 'linux') {
    const code = await run(node24, ['resources/starter/make.ts'], { cwd: root });
    if (code !== 0)
      fail(
        'The starter images could not be made.',
        'Read the lines above; `npm run setup -- --no-starter` goes on without them.',
      );
  }
}

if (import.meta.filename === process.argv[1] || process.argv[1]?.endsWith('scripts/setup.mjs')) {
  const flags = process.argv.slice(2);
  await setup({ tests: flags.includes('--tests'), starter: !flags.includes('--no-starter') });
  good('Everything is installed. Next: npm run build, or npm start.');
}
