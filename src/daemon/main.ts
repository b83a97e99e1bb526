/**
 * wharfd, the process: its life from the pidfile to the exit code. The engine it serves is put together in open-engine.ts.
 *
 *   pidfile ─ metadata (locks the data root) ─ services ─ reconcile ─ listen ─ "API listening on ..."
 *   SIGTERM, SIGINT: stop listening ─ containers (end, or go on with --live-restore) ─ networks ─ metadata ─ files away
 *   SIGHUP: log level and registries anew from flags and configuration file
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isWharfError } from '../contract/errors.ts';
import { daemonHelp } from './daemon-flags.ts';
import { type DaemonOptions, readDaemonCommand } from './daemon-options.ts';
import { createHandlers } from './http/handlers/all-handlers.ts';
import type { EngineServices } from './http/handlers/engine-services.ts';
import { createEngineServer } from './http/http-server.ts';
import { checkListenAddress, type Listener, listenOn } from './http/listen.ts';
import { createLogger, type LevelledLogger } from './logger.ts';
import { openEngine, type RunningEngine } from './open-engine.ts';
import { buildInfo } from './system/build-info.ts';
import { removeEmptyFolders } from './system/empty-folders.ts';
import { openMetadata } from './system/metadata-db.ts';
import { takePidfile } from './system/pidfile.ts';

/** How long the end may take when containers go on; when they are stopped, each has its own time besides. */
const shutdownMaxMs = 10_000;
const stopContainersMaxMs = 35_000;

async function listenAll(
  options: DaemonOptions,
  services: EngineServices,
  log: LevelledLogger,
): Promise<readonly Listener[]> {
  const handlers = createHandlers(services);
  const listeners: Listener[] = [];
  try {
    for (const address of options.hosts) {
      const reachableByBrowsers = address.kind === 'tcp';
      const server = createEngineServer({ handlers, log, engineVersion: buildInfo.version, reachableByBrowsers });
      listeners.push(await listenOn(server, address, options.group));
      if (address.kind === 'tcp')
        log.warn('The API listens on TCP without encryption: whoever reaches it has root here.', {
          host: address.host,
        });
    }
  } catch (error) {
    for (const listener of listeners) listener.stopListening();
    throw error;
  }
  return listeners;
}

/** Runs until a signal ends it; answers the exit code. */
async function runDaemon(options: DaemonOptions, argv: readonly string[]): Promise<number> {
  const log = createLogger({ level: options.logLevel, write: (line) => process.stderr.write(line) });
  watchForBugs(log);
  const stop = stopSignals(log);
  process.umask(0o022);
  mkdirSync(options.execRoot, { recursive: true, mode: 0o711 });
  using _pidfile = takePidfile(options.pidfile);
  const db = openMetadata(options.dataRoot);
  for (const address of options.hosts) await checkListenAddress(address, options.group);
  const engine = await openEngine(options, db, log);
  const listeners = await listenAll(options, engine.services, log).catch(async (error: unknown) => {
    await engine.close({ stopContainers: false });
    throw error;
  });
  process.on('SIGHUP', () => reload(argv, engine, log));
  for (const { address } of listeners) {
    log.info(`API listening on ${address}`, { readyMs: Math.round(performance.now()) });
    process.stdout.write(`API listening on ${address}\n`);
  }
  await stop;
  const stopContainers = !options.liveRestore;
  for (const listener of listeners) listener.stopListening();
  const limitMs = stopContainers ? stopContainersMaxMs : shutdownMaxMs;
  const closed = await Promise.race([
    engine.close({ stopContainers }).then(() => true),
    delay(limitMs, false, { ref: false }),
  ]);
  if (!closed)
    log.warn('The end took too long; containers that still run are taken over by the next daemon.', { limitMs });
  for (const listener of listeners) listener.closeConnections();
  db.close();
  // Before the pidfile goes: a daemon started right now would be using these folders.
  if (closed) await removeEmptyFolders(options.execRoot);
  log.info('wharfd has ended');
  return closed ? 0 : 1;
}

/** Resolves at the first SIGTERM or SIGINT; a third one ends the process at once, as dockerd's does. */
function stopSignals(log: LevelledLogger): Promise<void> {
  let asked = 0;
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      asked += 1;
      log.info('asked to end', { signal });
      resolve();
      if (asked >= 3) process.exit(1);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function reload(argv: readonly string[], engine: RunningEngine, log: LevelledLogger): void {
  try {
    const command = readDaemonCommand(argv);
    if (command.kind !== 'run') return;
    log.setLevel(command.options.logLevel);
    engine.reload(command.options);
    log.info('configuration reloaded', { level: command.options.logLevel });
  } catch (error) {
    log.error('the configuration was not reloaded', { error });
  }
}

/** A connection that breaks unwatched is logged; anything else unexpected leaves a state nobody knows, so the daemon ends. */
function watchForBugs(log: LevelledLogger): void {
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }));
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    log.error('uncaught exception', { error });
    if (!['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'].includes(error.code ?? ''))
      process.exit(70);
  });
}

async function main(argv: readonly string[]): Promise<number> {
  const command = readDaemonCommand(argv);
  switch (command.kind) {
    case 'help':
      process.stdout.write(daemonHelp());
      return 0;
    case 'version':
      process.stdout.write(`Wharf version ${buildInfo.version}, build ${buildInfo.commit}\n`);
      return 0;
    case 'validate':
      process.stdout.write('configuration OK\n');
      return 0;
    case 'run':
      return await runDaemon(command.options, argv);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`wharfd: ${error instanceof Error ? error.message : String(error)}\n`);
  if (isWharfError(error) && error.hint) process.stderr.write(`hint: ${error.hint}\n`);
  else if (!isWharfError(error) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}
// Whatever still holds the loop (a keep-alive connection, a timer) shall not keep an ended daemon.
process.exit();
