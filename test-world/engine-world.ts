/**
 * The world engine tests are built in: a real wharfd with folders of its own, a real registry with images to pull, and the
 * two command lines pointed at them. One a test file; nothing of it may be left when it is disposed of, or that throws.
 *
 *   <root>/d  data root    <root>/x  exec root    <root>/t  TMPDIR of every process    <root>/h  HOME of the clients
 *
 * Short names, for a container's attach socket must fit the 107 bytes of a socket path.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEngineClient, type EngineClient } from '../src/client/engine-client.ts';
import { createSocketTransport, parseEngineAddress } from '../src/client/node/socket-transport.ts';
import { type DaemonControl, daemonControl } from './daemon-control.ts';
import { fixtureImages, pushImages } from './fixture-images.ts';
import { watchForLeaks } from './leak-check.ts';
import { type Outcome, type ProgramOptions, runProgram, type StartedProgram, startProgram } from './run-program.ts';
import { openTerminal, type TerminalSession } from './terminal-session.ts';
import { projectRoot, startRegistry, type TestRegistry } from './test-registry.ts';

export interface EngineWorldOptions {
  /** What the registry holds: small images made in code (default), the starter images of `npm run setup`, or nothing. */
  readonly images?: 'fixtures' | 'starter' | 'none';
  /** Of wharfd, after the world's own. */
  readonly flags?: readonly string[];
  /** Where the data root is to be; made and removed by the caller. */
  readonly dataRoot?: string;
  /** Further variables of the daemon's environment. */
  readonly daemonEnv?: Readonly<Record<string, string>>;
  /** A folder of programs the daemon finds before those of the machine. */
  readonly programs?: string;
  /** Fixture images pulled before the first test. */
  readonly pulled?: readonly string[];
}

export interface EngineWorld extends AsyncDisposable {
  readonly socket: string;
  readonly root: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly instance: string;
  /** `127.0.0.1:PORT`; the engine asks it for Docker Hub's names too. */
  readonly registryHost: string;
  /** HOME, $WHARF_HOME and $DOCKER_CONFIG of the command lines are below it. */
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly engine: EngineClient;
  readonly daemon: DaemonControl;
  /** The docker command on this engine. */
  docker(args: readonly string[], options?: ProgramOptions): Promise<Outcome>;
  wharf(args: readonly string[], options?: ProgramOptions): Promise<Outcome>;
  start(program: 'docker' | 'wharf', args: readonly string[], options?: ProgramOptions): StartedProgram;
  terminal(program: 'docker' | 'wharf', args: readonly string[]): TerminalSession;
  /** Containers, networks and volumes go; images stay. For after each test. */
  clear(): Promise<void>;
}

/** Docker's command, 28 or newer (distributions have older ones in /usr/bin); what needs it is skipped without. */
export const dockerCommand = [process.env.WHARF_TEST_DOCKER ?? '/usr/local/bin/docker'].find((file) =>
  existsSync(file),
);
export const wharfCommand = path.join(projectRoot, 'bin/wharf');

export async function engineWorld(options: EngineWorldOptions = {}): Promise<EngineWorld> {
  const root = await mkdtemp(path.join(tmpdir(), 'ww-'));
  const places = {
    root,
    dataRoot: options.dataRoot ?? path.join(root, 'd'),
    execRoot: path.join(root, 'x'),
    home: path.join(root, 'h'),
  };
  const temporary = path.join(root, 't');
  await mkdir(temporary);
  await mkdir(places.home);
  const socket = path.join(root, 'wharf.sock');
  const unfinished = path.join(places.dataRoot, 'content/ingest');
  const leaks = watchForLeaks({ root, execRoot: places.execRoot, empty: [temporary, unfinished] });
  // A world that does not come about takes what there is of it away again.
  await using made = new AsyncDisposableStack();
  made.defer(() => rm(root, { recursive: true, force: true }));
  const registry = made.use(await startRegistry({ root: path.join(root, 'r') }));
  await fillRegistry(registry, options.images ?? 'fixtures');
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: places.home,
    TMPDIR: temporary,
    WHARF_HOME: path.join(places.home, 'wharf'),
    WHARF_HOST: `unix://${socket}`,
    DOCKER_CONFIG: path.join(places.home, 'docker'),
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CLI_HINTS: 'false',
  };
  const mirror = `http://${registry.host}`;
  const daemon = await daemonControl({
    env: {
      ...env,
      ...(options.programs === undefined ? {} : { PATH: `${options.programs}:${env.PATH}` }),
      ...options.daemonEnv,
    },
    flags: [
      ...['--data-root', places.dataRoot, '--exec-root', places.execRoot, '--host', `unix://${socket}`],
      // As mirror, so that no name is asked for on the internet; as fallback, as `npm start` gives it.
      ...['--registry-mirror', mirror, '--registry-fallback', mirror, '--insecure-registry', registry.host],
      ...(options.flags ?? []),
    ],
  });
  // From here on the world's own end sees to it.
  made.move();
  const engine = createEngineClient(createSocketTransport(parseEngineAddress(`unix://${socket}`)));
  const commandOf = (program: 'docker' | 'wharf') => {
    if (program === 'wharf') return wharfCommand;
    if (dockerCommand === undefined) throw new Error('there is no docker command on this machine');
    return dockerCommand;
  };
  const start = (program: 'docker' | 'wharf', args: readonly string[], given?: ProgramOptions) =>
    startProgram(commandOf(program), args, { env, ...given });
  const world: EngineWorld = {
    ...places,
    socket,
    instance: leaks.instance,
    registryHost: registry.host,
    env,
    engine,
    daemon,
    start,
    docker: (args, given) => runProgram(commandOf('docker'), args, { env, ...given }),
    wharf: (args, given) => runProgram(wharfCommand, args, { env, ...given }),
    terminal: (program, args) => openTerminal(commandOf(program), args, env),
    clear: () => clearEngine(engine),
    async [Symbol.asyncDispose]() {
      try {
        if (!daemon.running) await daemon.start();
        await clearEngine(engine);
        await daemon.stopForGood();
      } finally {
        if (daemon.running) await daemon.kill9();
        await registry[Symbol.asyncDispose]();
      }
      const left = await leaks.settled();
      if (left.length > 0)
        throw new Error(`left behind by the engine in ${root}:\n  ${left.join('\n  ')}\n${daemon.log()}`);
      await rm(root, { recursive: true, force: true });
    },
  };
  try {
    for (const name of options.pulled ?? [])
      await drain(engine.jsonStream('ImageCreate', { query: { fromImage: name } }));
    return world;
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

async function fillRegistry(registry: TestRegistry, images: 'fixtures' | 'starter' | 'none'): Promise<void> {
  if (images === 'fixtures') await pushImages(registry.host, await fixtureImages());
  if (images !== 'starter') return;
  const push = path.join(projectRoot, 'resources/starter/push.ts');
  const { code, stderr } = await runProgram(process.execPath, [push, '--registry', registry.host], {
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`the starter images are not in the registry: ${stderr}`);
}

async function drain(stream: AsyncIterable<{ readonly error?: string }>): Promise<void> {
  for await (const message of stream) if (message.error !== undefined) throw new Error(message.error);
}

async function clearEngine(engine: EngineClient): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const containers = await engine.call('ContainerList', { query: { all: true }, signal });
  await Promise.all(
    containers.map(({ Id }) =>
      engine.call('ContainerDelete', { params: { id: Id }, query: { force: true, v: true }, signal }),
    ),
  );
  for (const { Name, Id } of await engine.call('NetworkList', { signal }))
    if (!['bridge', 'host', 'none'].includes(Name)) await engine.call('NetworkDelete', { params: { id: Id }, signal });
  const { Volumes } = await engine.call('VolumeList', { signal });
  for (const { Name } of Volumes ?? []) await engine.call('VolumeDelete', { params: { name: Name }, signal });
}

/** For the end-to-end specs: an engine whose registry holds the starter images. */
export async function startEngineWorld() {
  const world = await engineWorld({ images: 'starter' });
  return {
    socket: world.socket,
    registryUrl: `http://${world.registryHost}`,
    stop: () => world[Symbol.asyncDispose](),
  };
}
