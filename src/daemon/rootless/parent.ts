/**
 * `wharfd --rootless` as an ordinary user: puts namespaces, network and engine together (namespaces.ts draws them), serves
 * the engine sockets of the host, and takes everything down when nothing is left inside.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WharfError } from '../../contract/errors.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from '../linux/process.ts';
import { takePidfile } from '../system/pidfile.ts';
import { findDelegation, joinGroupOf, leaveDelegation, occupyDelegation } from './cgroup-delegation.ts';
import { type EnginePlace, placeVariable, resolverFile } from './engine-place.ts';
import { type DescribeHolder, serveHostSockets } from './host-socket-maker.ts';
import { checkMapTools, readIdMaps } from './id-ranges.ts';
import { createHolder, createHolderBeside, enterArguments, findMember, membersBeside } from './namespaces.ts';
import {
  endProcess,
  type RootlessState,
  type RunningNetwork,
  readState,
  removeState,
  writeState,
} from './rootless-state.ts';
import { addressesIn, hostAddress, type NetworkDriver, startNetwork } from './user-network.ts';

export interface RootlessOptions {
  readonly execRoot: string;
  /** undefined: pasta where it is installed, else slirp4netns. */
  readonly network: NetworkDriver | 'none' | undefined;
  /** Starts the engine inside: Node, its arguments, ours. */
  readonly engineCommand: readonly string[];
  readonly describeHolder: DescribeHolder;
  /** Removes what is empty below a folder, and the folder. */
  readonly removeEmptyFolders: (folder: string) => Promise<void>;
  readonly log: { info(message: string, fields?: object): void; warn(message: string): void };
}

/** An orderly end of the engine: 35 s for its containers, and some. */
const orphanLimitMs = 45_000;
const networkCheckMs = 5000;
/** Supervisors of containers that were just stopped are still on their way out. */
const lastMembersMs = 1500;

/** Runs until the engine ends; answers its exit code. @throws WharfError when the namespaces can not be had */
export async function runRootless(options: RootlessOptions): Promise<number> {
  const { execRoot } = options;
  if (process.getuid?.() === 0) {
    throw new WharfError('request.invalid', '--rootless is for ordinary users', {
      hint: 'Root starts wharfd without it.',
    });
  }
  checkMapTools();
  mkdirSync(execRoot, { recursive: true, mode: 0o700 });
  const pidfile = takePidfile(`${execRoot}/rootless.pid`);
  try {
    return await runInside(options);
  } finally {
    pidfile[Symbol.dispose]();
    // With namespaces that live on, the folders are those of their containers.
    if (readState(execRoot) === undefined) await options.removeEmptyFolders(execRoot);
  }
}

async function runInside(options: RootlessOptions): Promise<number> {
  const { execRoot, log } = options;
  await endOrphan(readState(execRoot)?.engine, log);
  let inside = await openNamespaces(options);
  const watch = new AbortController();
  try {
    const engine = startEngine(options, inside);
    const identity = engine.pid === undefined ? undefined : identifyProcess(engine.pid);
    const record = () => writeState(execRoot, { ...stateOf(inside), engine: identity });
    record();
    serveHostSockets(engine, options.describeHolder);
    void keepNetwork(
      options,
      () => inside,
      watch.signal,
      (network) => {
        inside = { ...inside, network };
        record();
      },
    );
    return await ended(engine, log);
  } finally {
    watch.abort();
    await closeNamespaces(options, inside);
  }
}

/** An engine whose parent was killed ends by itself; the next one must not start beside it. */
async function endOrphan(engine: ProcessIdentity | undefined, log: RootlessOptions['log']): Promise<void> {
  if (engine === undefined || !isProcessAlive(engine)) return;
  log.info('waiting for the engine of a parent that was killed', { pid: engine.pid });
  await endProcess(engine, orphanLimitMs);
}

interface Inside {
  readonly holder: ProcessIdentity;
  readonly network: RunningNetwork | undefined;
  readonly cgroupReason: string;
}

function stateOf({ holder, network, cgroupReason }: Inside): RootlessState {
  return { holder, network, cgroupReason, engine: undefined };
}

async function openNamespaces(options: RootlessOptions): Promise<Inside> {
  const { execRoot, log } = options;
  const known = readState(execRoot);
  const found = await livingHolder(execRoot, known?.holder);
  const delegation = findDelegation();
  const holder = found ?? (await createHolder(readIdMaps(log)));
  let network = known?.network !== undefined && isProcessAlive(known.network.process) ? known.network : undefined;
  let cgroupReason = known?.cgroupReason ?? 'the namespaces are older than their record';
  const made = (): Inside => ({ holder, network, cgroupReason });
  // On record before anything else can fail: a holder that nobody knows would stay for ever.
  writeState(execRoot, stateOf(made()));
  try {
    if (found === undefined) cgroupReason = delegate(delegation, holder);
    else if (cgroupReason === '') rejoin(holder, log);
    if (options.network === 'none' || (options.network !== undefined && options.network !== network?.driver)) {
      await endProcess(network?.process);
      network = undefined;
    }
    if (options.network !== 'none') network ??= await startNetwork({ driver: options.network, execRoot, holder, log });
    log.info(found === undefined ? 'namespaces made' : 'namespaces of an earlier start taken over', {
      holder: holder.pid,
      network: network?.driver ?? 'none',
      cgroups: cgroupReason === '' ? 'delegated' : 'none',
    });
    return made();
  } catch (error) {
    await closeNamespaces(options, made());
    throw error;
  }
}

/** Starts what carries the network anew when it has died; the namespace's interface dies with it. */
async function keepNetwork(
  { execRoot, log }: RootlessOptions,
  now: () => Inside,
  signal: AbortSignal,
  replace: (network: RunningNetwork) => void,
): Promise<void> {
  for (;;) {
    await delay(networkCheckMs, undefined, { signal, ref: false }).catch(() => undefined);
    const { holder, network } = now();
    if (signal.aborted) return;
    if (network === undefined || isProcessAlive(network.process)) continue;
    try {
      replace(await startNetwork({ driver: network.driver, execRoot, holder, log }));
      log.warn(`${network.driver} had ended; it was started again`);
    } catch (error) {
      log.warn(`${network.driver} has ended: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function placeOf({ network, cgroupReason }: Inside): EnginePlace {
  return {
    cgroups: cgroupReason === '' ? 'delegated' : 'none',
    cgroupReason,
    network: network?.driver ?? 'none',
    resolver: network && addressesIn(network.subnet).resolver,
    hostAddress: network && hostAddress(),
  };
}

async function livingHolder(execRoot: string, known: ProcessIdentity | undefined) {
  if (known !== undefined && isProcessAlive(known)) return known;
  const member = findMember(execRoot);
  return member === undefined ? undefined : await createHolderBeside(member);
}

/** @returns why there are no control groups; '' when there are */
function delegate(folder: string | undefined, holder: ProcessIdentity): string {
  if (folder === undefined) return 'no control group was delegated to this user';
  return occupyDelegation(folder, [process.pid, holder.pid]) ?? '';
}

/** What the engine starts is to be accounted where its predecessor's was. */
function rejoin(holder: ProcessIdentity, log: RootlessOptions['log']): void {
  try {
    joinGroupOf(holder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn(`This start is not in the control group of the one before: ${why}`);
  }
}

function startEngine(options: RootlessOptions, inside: Inside): ChildProcess {
  // A session of its own: an interrupt typed at the terminal reaches it once, through us.
  return spawn('nsenter', enterArguments(inside.holder, options.engineCommand), {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [placeVariable]: JSON.stringify(placeOf(inside)) },
  });
}

/** Hands signals on; answers the exit code, 128 and the signal's number for one that was killed. */
function ended(engine: ChildProcess, log: RootlessOptions['log']): Promise<number> {
  return new Promise((resolve, reject) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)
      process.on(signal, () => engine.kill(signal));
    engine.on('error', (cause) =>
      reject(new WharfError('host.unsupported', `--rootless: start nsenter: ${cause.message}`, { cause })),
    );
    engine.on('exit', (code, signal) => {
      if (signal !== null) log.warn(`the engine was ended by ${signal}`);
      resolve(code ?? 137);
    });
  });
}

/** Only when nobody lives there: containers that go on keep namespaces and network. */
async function closeNamespaces(options: RootlessOptions, inside: Inside): Promise<void> {
  const { execRoot } = options;
  const { holder, network } = inside;
  const deadline = Date.now() + lastMembersMs;
  const staff = [holder.pid, network?.process.pid];
  const others = () => membersBeside(holder).filter((pid) => !staff.includes(pid));
  while (others().length > 0 && Date.now() < deadline) await delay(25);
  if (others().length > 0) {
    writeState(execRoot, stateOf(inside));
    return;
  }
  await endProcess(network?.process);
  await endProcess(holder);
  removeState(execRoot);
  leaveDelegation();
  rmSync(`${execRoot}/${resolverFile}`, { force: true });
}
