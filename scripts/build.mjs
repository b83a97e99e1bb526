// npm run build: bundles of the daemon, the command, the registry, the gateway and the app into out/. A bundle is made
// anew only when a file it may be made from has changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at, good, node24, root, runQuietly, say } from './lib/project.mjs';

const shared = ['src/contract', 'src/client', 'src/oci', 'package-lock.json', 'tsconfig.base.json'];
const vite = (config) => [node24, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--config', config]];
const bundles = [
  {
    name: 'daemon',
    out: 'out/daemon/wharfd.mjs',
    inputs: ['src/daemon', 'src/registry/client', 'resources/seccomp', 'vite.daemon.config.ts'],
    command: vite('vite.daemon.config.ts'),
  },
  {
    name: 'registry',
    out: 'out/registry/server.mjs',
    inputs: ['src/registry', 'vite.registry.config.ts'],
    command: vite('vite.registry.config.ts'),
  },
  {
    name: 'registry page',
    out: 'out/registry-site/index.html',
    inputs: ['src/renderer', 'vite.registry-site.config.ts'],
    command: vite('vite.registry-site.config.ts'),
  },
  {
    name: 'command line',
    out: 'out/cli/wharf.cjs',
    inputs: ['src/cli', 'src/machine', 'src/extensions', 'src/host', 'scripts/build-cli.mjs'],
    command: [node24, ['scripts/build-cli.mjs']],
  },
  {
    name: 'gateway',
    out: 'out/gateway/main.mjs',
    inputs: ['src/gateway', 'src/machine', 'src/extensions', 'src/host', 'vite.gateway.config.ts'],
    command: vite('vite.gateway.config.ts'),
  },
  {
    name: 'desktop app',
    out: 'out/main/index.js',
    inputs: [
      'src/main',
      'src/preload',
      'src/renderer',
      'src/gateway',
      'src/machine',
      'src/extensions',
      'src/host',
      'resources/icons',
      'electron.vite.config.ts',
    ],
    command: [node24, ['node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn']],
  },
];

/** Names, sizes and times of all files below; contents would cost more than the build saves. */
function fingerprint(inputs) {
  const hash = createHash('sha256');
  const visit = (file) => {
    if (!existsSync(file)) return;
    const stat = statSync(file);
    if (stat.isDirectory()) {
      for (const entry of readdirSync(file).sort()) visit(path.join(file, entry));
    } else if (!/\.test\.tsx?$/.test(file)) hash.update(`${path.relative(root, file)} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const input of inputs) visit(at(input));
  return hash.digest('hex');
}

export async function build() {
  for (const bundle of bundles) {
    const stamp = at('out', `.${bundle.name.replace(' ', '-')}.stamp`);
    const id = fingerprint([...shared, ...bundle.inputs, 'scripts/build.mjs']);
    if (existsSync(at(bundle.out)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === id) continue;
    say(`Building the ${bundle.name}`);
    const [command, args] = bundle.command;
    await runQuietly(`Building the ${bundle.name}`, command, args, { env: { NODE_ENV: 'production' } });
    mkdirSync(at('out'), { recursive: true });
    writeFileSync(stamp, id);
  }
}

if (process.argv[1]?.endsWith('scripts/build.mjs')) {
  await build();
  good('Built. bin/wharf and bin/wharfd run from here.');
}
