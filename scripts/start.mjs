// npm start: installs and builds what is missing, starts the embedded registry and wharfd, and opens the app.
//   --no-open   no window and no browser; prints the sign-in link of the web gateway
//   --no-starter, --data-root DIR, --exec-root DIR, --registry ADDR:PORT, --listen ADDR:PORT
// Ctrl-C ends everything it started: containers, engine, registry, gateway.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import http from 'node:http';
import { createConnection } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { electronBinary, hasDisplay } from './lib/electron-binary.mjs';
import { at, fail, good, hasCommand, isRoot, node24, say, warn } from './lib/project.mjs';
import { setup } from './setup.mjs';

const options = (() => {
  try {
    return parseArgs({
      options: {
        'no-open': { type: 'boolean', default: false },
        'no-starter': { type: 'boolean', default: false },
        'data-root': { type: 'string', default: '/var/lib/wharf' },
        'exec-root': { type: 'string', default: '/run/wharf' },
        registry: { type: 'string', default: '127.0.0.1:5055' },
        listen: { type: 'string', default: '127.0.0.1:8430' },
      },
    }).values;
  } catch (error) {
    return fail(error.message, 'See the first lines of scripts/start.mjs for the options.');
  }
})();
const socket = path.join(options['exec-root'], 'wharf.sock');
const children = [];
let ending = false;

/** Starts a part; when it ends by itself before we end it, everything ends. */
function part(name, command, args, { stopTimeoutMs = 10_000, env = {}, quiet = false } = {}) {
  // A group of its own: Ctrl-C reaches this script only, which then ends the parts in order.
  const child = spawn(command, args, {
    cwd: at(),
    detached: true,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    env: { ...process.env, ...env },
  });
  const entry = {
    name,
    child,
    stopTimeoutMs,
    tail: [],
    ended: new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal))),
  };
  const keep = (chunk) => {
    entry.tail.push(...String(chunk).split('\n').filter(Boolean));
    entry.tail.splice(0, Math.max(0, entry.tail.length - 30));
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => keep(error.message));
  void entry.ended.then((status) => {
    if (ending) return;
    warn(`${name} ended unexpectedly (${status})`);
    for (const line of entry.tail) console.error(`  ${line}`);
    void end(1);
  });
  children.push(entry);
  return entry;
}

async function end(code) {
  if (ending) return;
  ending = true;
  console.log();
  say('Ending what was started');
  for (const { name, child, ended, stopTimeoutMs } of [...children].reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    const late = setTimeout(() => {
      warn(`${name} takes too long and is killed`);
      child.kill('SIGKILL');
    }, stopTimeoutMs);
    await ended;
    clearTimeout(late);
  }
  try {
    rmdirSync(options['exec-root']);
  } catch {
    // Something of another daemon is in it, or it was never made.
  }
  good('Everything has ended');
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));

function request(target) {
  return new Promise((resolve) => {
    const call = http.get({ ...target, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on('error', () => resolve(undefined));
    call.on('timeout', () => call.destroy());
  });
}

async function waitFor(name, entry, target, limitMs) {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline && !ending) {
    if ((await request(target)) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  if (ending) return new Promise(() => {});
  warn(`${name} did not answer within ${limitMs / 1000} s`);
  for (const line of entry.tail) console.error(`  ${line}`);
  await end(1);
}

function portTaken(address) {
  const [host, port] = [
    address.slice(0, address.lastIndexOf(':')),
    Number(address.slice(address.lastIndexOf(':') + 1)),
  ];
  return new Promise((resolve) => {
    const probe = createConnection({ host, port }, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

if (process.platform !== 'linux')
  fail(
    'On macOS and Windows the engine runs inside a Linux VM, and that part is not built yet.',
    'Use a Linux machine (or a Linux VM of yours) for now.',
  );
if (!isRoot)
  fail(
    'The engine needs root to make containers.',
    `Run: sudo ${process.execPath} ${at('scripts/start.mjs')} ${process.argv.slice(2).join(' ')}`,
  );

say('Wharf: checking what is here');
await setup({ starter: !options['no-starter'] });
await build();

if ((await request({ socketPath: socket, path: '/_ping' })) === 200)
  fail(
    `An engine is running already at unix://${socket}.`,
    'End it first (Ctrl-C where it runs, or `bin/wharf daemon stop`), or open the app on it with `bin/wharf web`.',
  );
if (await portTaken(options.registry))
  fail(
    `Something else listens at ${options.registry}, where the embedded registry would.`,
    'Pick another address: npm start -- --registry 127.0.0.1:5056',
  );

const registryRoot = path.join(options['data-root'], 'registry');
mkdirSync(registryRoot, { recursive: true, mode: 0o700 });
say(`Starting the embedded registry at ${options.registry}`);
const registry = part(
  'the registry',
  node24,
  [at('out/registry/server.mjs'), '--listen', options.registry, '--root', registryRoot],
  { quiet: true },
);
const [registryHost, registryPort] = [
  options.registry.slice(0, options.registry.lastIndexOf(':')),
  options.registry.slice(options.registry.lastIndexOf(':') + 1),
];
await waitFor('The registry', registry, { host: registryHost, port: registryPort, path: '/v2/' }, 15_000);
if (!options['no-starter'] && existsSync(at('resources/starter/push.ts'))) {
  const pushed = spawn(node24, [at('resources/starter/push.ts'), '--registry', options.registry], {
    cwd: at(),
    stdio: 'inherit',
  });
  const code = await new Promise((resolve) => pushed.on('exit', resolve));
  if (code !== 0) warn('The starter images could not be put into the registry; the rest goes on.');
}

say('Starting the engine');
const engine = part(
  'the engine',
  at('bin/wharfd'),
  [
    ...['--data-root', options['data-root']],
    ...['--exec-root', options['exec-root']],
    ...['--host', `unix://${socket}`],
    ...['--registry-fallback', `http://${options.registry}`],
    '--live-restore=false',
  ],
  // It stops containers first, each with its own time-out (10 s unless told).
  { quiet: true, stopTimeoutMs: 40_000 },
);
await waitFor('The engine', engine, { socketPath: socket, path: '/_ping' }, 30_000);
good(`The engine answers at unix://${socket}`);

const electron = electronBinary();
if (!options['no-open'] && electron && hasDisplay()) {
  say('Opening the app');
  // Chromium refuses its sandbox to root; the engine's own users run the app without it only in that case.
  const app = part('the app', electron, [...(isRoot ? ['--no-sandbox'] : []), at()], {
    env: { WHARF_HOST: `unix://${socket}` },
  });
  void app.ended.then(() => end(0));
} else {
  const gateway = part('the gateway', node24, [
    at('out/gateway/main.mjs'),
    '--engine',
    `unix://${socket}`,
    '--listen',
    options.listen,
  ]);
  void gateway;
  if (!options['no-open'] && hasDisplay() && !hasCommand('xdg-open')) warn('Open the link below in a browser.');
}
console.log('  From another terminal: bin/wharf run hello-wharf');
console.log(`  With docker:           export DOCKER_HOST=unix://${socket}`);
console.log('  Ctrl-C ends everything.');
