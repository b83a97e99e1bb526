import type { DatabaseSync } from 'node:sqlite';
import { WharfError } from '../../contract/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { ImageService, LocalImage } from '../images/image-service.ts';
import type { ContainerLog } from '../logs/container-log.ts';
import type { NetworkService } from '../networks/network-service.ts';
import type { MachineFacts } from '../runtime/host-facts.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { SeccompProfile } from '../runtime/seccomp.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import type { VolumeService } from '../volumes/volume-service.ts';
import { idByLink } from './container-links.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerSettings } from './container-settings.ts';
import type { ContainerState, RunEnd } from './container-state.ts';
import { type ContainerStdin, createContainerStdin } from './container-stdin.ts';
import { type ContainerStore, createContainerStore, noSuchContainer } from './container-store.ts';
import type { ExecProcess } from './exec.ts';
import type { HealthMonitor } from './health-monitor.ts';
import { createOutputKeeping, type OutputKeeping } from './log-keeping.ts';
import { createSerialQueue, type SerialQueue } from './serial-queue.ts';
import { createWaitList, type WaitList } from './wait-list.ts';

export interface Clock {
  nowMs(): number;
  /** Rejects with the signal's reason when it fires. */
  delay(ms: number, options: { readonly signal: AbortSignal }): Promise<void>;
}

export interface ContainerLogger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface ContainerDefaults {
  /** Docker's is 10 s; containers may have their own. */
  readonly stopTimeoutSeconds: number;
  /** Below which every container's cgroup lies: '/wharf'. */
  readonly cgroupParent: string;
  /** The host's init for `--init`; undefined when there is none. */
  readonly initPath: string | undefined;
  /** Asked at each use: SIGHUP changes some. Absent: dockerd's without a configuration file. */
  readonly settings?: () => ContainerSettings;
}

/** What the containers are built on; main.ts passes it in. */
export interface ContainerDeps {
  readonly db: DatabaseSync;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly images: ImageService;
  /** Whether containers may be made of an image, by the name or ID it was asked for; absent: of each. Throws when not. */
  readonly admitImage?: (asked: string, image: LocalImage) => Promise<void>;
  readonly snapshots: WharfSnapshotter;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly runtime: Runtime;
  readonly openLog: (path: string) => ContainerLog;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: ContainerLogger;
  /** Fires when the daemon ends; waits end with it, containers do not. */
  readonly signal: AbortSignal;
  readonly defaults: ContainerDefaults;
  /** What the kernel and this machine offer (runtime/host-facts.ts). */
  readonly machine: MachineFacts;
  readonly seccompProfile: SeccompProfile;
}

/** One container's live parts, made when first needed and kept while the container exists. */
export interface ContainerHandle {
  readonly id: string;
  readonly record: ContainerRecord;
  readonly state: ContainerState;
  /** Every change of state runs here, one after the other. */
  readonly queue: SerialQueue;
  readonly waiters: WaitList;
  readonly stdin: ContainerStdin;
  readonly output: OutputKeeping;
  /** By exec ID. */
  readonly execs: Map<string, ExecProcess>;
  health: HealthMonitor | undefined;
  /** Readers of its files while it does not run; the root stays mounted for them. */
  rootUsers: number;
  /** Set while a restart waits for its time. */
  restartTimer: AbortController | undefined;
}

/** Verbs that effects of a transition call; passed in, so that no two files need each other. */
export interface LifeCycleVerbs {
  /** In the queue already. */
  restartDue(handle: ContainerHandle): Promise<void>;
  /** In the queue already. */
  removeStopped(handle: ContainerHandle, options: { readonly volumes: boolean }): Promise<void>;
  beginHealth(handle: ContainerHandle): void;
}

export interface ContainerContext extends ContainerDeps {
  readonly store: ContainerStore;
  readonly verbs: LifeCycleVerbs;
  /** Container ID by exec ID. */
  readonly execOwners: Map<string, string>;
  /** @throws WharfError 'container.not-found' | 'container.ambiguous' */
  find(ref: string): ContainerHandle;
  handle(id: string): ContainerHandle;
  /** After the container was removed from the store. */
  forget(id: string): void;
  /** Every container, newest first. */
  handles(): readonly ContainerHandle[];
  announce(handle: ContainerHandle, action: string, attributes?: Readonly<Record<string, string>>): void;
  /** Ends every wait, watch and timer, and answers when nothing of ours is under way any more. */
  close(): Promise<void>;
}

export function createContainerContext(deps: ContainerDeps, makeVerbs: (context: ContainerContext) => LifeCycleVerbs) {
  const store = createContainerStore(deps.db);
  const handles = new Map<string, ContainerHandle>();
  const execOwners = new Map<string, string>();
  const closing = new AbortController();

  function handle(id: string): ContainerHandle {
    const known = handles.get(id);
    if (known) return known;
    if (!store.get(id)) throw noSuchContainer(id);
    const made = createHandle(id, store, deps);
    handles.set(id, made);
    return made;
  }

  const context: ContainerContext = {
    ...deps,
    signal: AbortSignal.any([deps.signal, closing.signal]),
    store,
    execOwners,
    get verbs(): LifeCycleVerbs {
      return verbs;
    },
    find: (ref) => handle((ref.includes('/', 1) ? idByLink(store, ref) : undefined) ?? store.resolve(ref)),
    handle,
    forget(id) {
      for (const execId of handles.get(id)?.execs.keys() ?? []) execOwners.delete(execId);
      handles.delete(id);
    },
    handles: () => store.all().map((container) => handle(container.id)),
    announce({ id, record }, action, attributes = {}) {
      const { config, name } = record;
      deps.events.publish('container', action, id, {
        ...config.Labels,
        image: config.Image ?? '',
        name,
        ...attributes,
      });
    },
    async close() {
      closing.abort(new WharfError('daemon.shutting-down', 'the engine is shutting down'));
      await Promise.all([...handles.values()].map((open) => open.queue.idle()));
    },
  };
  const verbs = makeVerbs(context);
  return context;
}

function createHandle(id: string, store: ContainerStore, deps: ContainerDeps): ContainerHandle {
  // A handle outlives its row for a moment when the container goes: what was last known then still holds.
  let lastKnown = store.get(id);
  const stored = () => {
    lastKnown = store.get(id) ?? lastKnown;
    if (!lastKnown) throw noSuchContainer(id);
    return lastKnown;
  };
  return {
    id,
    get record() {
      return stored().record;
    },
    get state() {
      return stored().state;
    },
    queue: createSerialQueue(),
    waiters: createWaitList(),
    stdin: createContainerStdin(() => deps.runtime.attach(id, { signal: deps.signal })),
    output: createOutputKeeping(),
    execs: new Map(),
    health: undefined,
    rootUsers: 0,
    restartTimer: undefined,
  };
}

/** Exit code to show for a container that does not run. */
export function endOf(state: ContainerState): RunEnd | undefined {
  switch (state.kind) {
    case 'created':
      return state.failure;
    case 'exited':
    case 'restarting':
      return state.end;
    case 'removing':
    case 'dead':
      return state.last?.end;
    case 'starting':
      return state.from?.end;
    case 'running':
    case 'paused':
    case 'stopping':
      return undefined;
  }
}
