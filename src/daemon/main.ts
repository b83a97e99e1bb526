/**
 * wharfd, the process: its life from the pidfile to the exit code. The engine it serves is put together in open-engine.ts.
 *
 *   pidfile ─ metadata (locks the data root) ─ services ─ reconcile ─ listen ─ "API listening on ..."
 *   SIGTERM, SIGINT: stop listening ─ containers (end, or go on with --live-restore) ─ networks ─ metadata ─ files away
 *   SIGHUP: what can change while it runs (reload-options.ts), anew from flags and configuration file
 *   SIGUSR1: the state of the daemon into a file of the exec root
 */
import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isWharfError } from '../contract/errors.ts';
import { daemonHelp } from './daemon-flags.ts';
import { type DaemonOptions, readDaemonCommand } from './daemon-options.ts';
import type { Listener } from './http/listen.ts';
import { serveMetrics } from './http/metrics-server.ts';
import { createLogger, type LevelledLogger } from './logger.ts';
import { openEngine, type RunningEngine } from './open-engine.ts';
import { openListeners, planListeners } from './open-listeners.ts';
import { isRootlessParent, type RootlessSeat, runRootlessParent, takeSeat } from './run-rootless.ts';
import { buildInfo } from './system/build-info.ts';
import { writeDebugDump } from './system/debug-dump.ts';
import { removeEmptyFolders } from './system/empty-folders.ts';
import { takeInheritedSockets } from './system/inherited-sockets.ts';
import { openMetadata } from './system/metadata-db.ts';
import { takePidfile } from './system/pidfile.ts';
import { openServiceNotify, type ServiceNotify } from './system/service-notify.ts';

/** How long the end may take when containers go on. */
const shutdownMaxMs = 10_000;

/** Runs until a signal ends it; answers the exit code. */
async function runDaemon(options: DaemonOptions, argv: readonly string[]): Promise<number> {
  const log = createLogger({
    level: options.logLevel,
    format: options.logFormat,
    write: (line) => process.stderr.write(line),
  });
  watchForBugs(log);
  const notify = openServiceNotify(process.env, process.pid, (error) => log.warn('systemd was not told', { error }));
  const inherited = takeInheritedSockets(process.env, process.pid);
  const stop = stopSignals(log);
  for (const warning of options.warnings) log.warn(warning);
  process.umask(0o022);
  mkdirSync(options.execRoot, { recursive: true, mode: 0o711 });
  const rootless = takeSeat(options, log);
  using _pidfile = takePidfile(options.pidfile);
  const db = openMetadata(options.dataRoot);
  const plan = await planListeners(options, inherited);
  const engine = await openEngine(options, db, log, rootless);
  const listeners = await openListeners(plan, { options, services: engine.services, log, rootless }).catch(
    async (error: unknown) => {
      await engine.close({ stopContainers: false });
      throw error;
    },
  );
  const metrics = await openMetrics(options, engine, log, rootless);
  process.on('SIGHUP', () => reload(argv, engine, log, notify));
  process.on('SIGUSR1', () => dump(options.execRoot, engine, log));
  for (const { address } of listeners) {
    log.info(`API listening on ${address}`, { readyMs: Math.round(performance.now()) });
    process.stdout.write(`API listening on ${address}\n`);
  }
  notify.ready(`API listening on ${listeners.map(({ address }) => address).join(', ')}`);
  await stop;
  notify.stopping();
  const code = await end(engine, metrics === undefined ? listeners : [...listeners, metrics], log);
  notify.close();
  db.close();
  // Before the pidfile goes: a daemon started right now would be using these folders.
  if (code === 0) await removeEmptyFolders(options.execRoot);
  log.info('wharfd has ended');
  return code;
}

/** What can not be listened on is told and does not keep the engine from serving, as with dockerd. */
async function openMetrics(
  { metricsAddress }: DaemonOptions,
  { metricsText }: RunningEngine,
  log: LevelledLogger,
  rootless: RootlessSeat | undefined,
): Promise<Listener | undefined> {
  if (metricsAddress === undefined || metricsText === undefined) return undefined;
  try {
    const listener = await serveMetrics(metricsAddress, metricsText, rootless?.sockets);
    log.info('metrics API listening', { address: listener.address.replace('tcp:', 'http:').concat('/metrics') });
    return listener;
  } catch (error) {
    log.error('metrics are not served', { error });
    return undefined;
  }
}

/** Answers the exit code: 1 when the end took longer than it may. */
async function end(engine: RunningEngine, listeners: readonly Listener[], log: LevelledLogger): Promise<number> {
  const stopContainers = !engine.options().liveRestore;
  for (const listener of listeners) listener.stopListening();
  const limitMs = stopContainers ? await engine.shutdownLimitMs() : shutdownMaxMs;
  const closed = engine.close({ stopContainers }).then(() => true);
  const closedInTime = await (limitMs === undefined
    ? closed
    : Promise.race([closed, delay(limitMs, false, { ref: false })]));
  if (!closedInTime)
    log.warn('The end took too long; containers that still run are taken over by the next daemon.', { limitMs });
  for (const listener of listeners) listener.closeConnections();
  return closedInTime ? 0 : 1;
}

/** dockerd's number: the first asks, the next ones are counted. */
const forcingSignals = 3;

/** Resolves at the first SIGTERM or SIGINT; one after three of them ends the process at once, as dockerd's does. */
function stopSignals(log: LevelledLogger): Promise<void> {
  let asked = 0;
  return new Promise((resolve) => {
    const onSignal = (signal: 'SIGTERM' | 'SIGINT') => {
      asked += 1;
      log.info('asked to end', { signal });
      resolve();
      if (asked <= forcingSignals) return;
      log.warn(`Ending at once without cleaning up: ${forcingSignals} signals came before.`);
      process.exit(128 + constants.signals[signal]);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function reload(argv: readonly string[], engine: RunningEngine, log: LevelledLogger, notify: ServiceNotify): void {
  notify.reloading();
  try {
    const command = readDaemonCommand(argv);
    if (command.kind !== 'run') return;
    const left = engine.reload(command.options);
    log.setLevel(command.options.logLevel);
    log.info('configuration reloaded', { level: command.options.logLevel });
    if (left.length > 0) log.warn('Some settings wait for the next start.', { settings: left.join(', ') });
  } catch (error) {
    log.error('the configuration was not reloaded; the one before goes on', { error });
  } finally {
    notify.ready('API listening');
  }
}

function dump(folder: string, engine: RunningEngine, log: LevelledLogger): void {
  writeDebugDump(folder, engine.state()).then(
    (path) => log.info(`state of the daemon written to ${path}`),
    (error: unknown) => log.error('the state of the daemon could not be written', { error }),
  );
}

/** A connection that breaks unwatched is logged; anything else unexpected leaves a state nobody knows, so the daemon ends. */
function watchForBugs(log: LevelledLogger): void {
  // Whoever read the log has ended (the app that started this daemon, killed): nobody is left to be told, and to log that
  // would fail again.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
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
      return await (isRootlessParent(command.options)
        ? runRootlessParent(command.options, argv)
        : runDaemon(command.options, argv));
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
