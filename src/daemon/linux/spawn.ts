/**
 * Starting programs by posix_spawn(3). Node's own spawn forks: the kernel copies the tables of all the daemon's memory, and
 * afterwards the daemon faults on every page it writes; 3 to 4 ms of computing a program, with the event loop standing
 * still. posix_spawn borrows the memory until the program is executed (vfork): 0.3 ms.
 *
 * A child's number stays its own until it is reaped, which happens here and nowhere else: Node reaps only what it started.
 */
import koffi from 'koffi';
import { pidfdOpen, SystemCallError } from './libc.ts';
import { watchPidfd } from './pidfd.ts';

export interface SpawnOptions {
  /** Absolute. */
  readonly path: string;
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the program gets as 0, 1, 2 and so on: a descriptor of ours above 2, or the null device. */
  readonly fds: readonly (number | 'ignore')[];
}

export interface SpawnedProcess {
  readonly pid: number;
  /** The exit code, or 128 and the signal's number. Resolves once the process has ended and is reaped. */
  readonly exited: Promise<number>;
  /** Does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
}

// Larger than any libc's: glibc has 80 and 336 bytes on 64-bit machines, musl 80 and 336.
const actionsBytes = 256;
const attributesBytes = 512;
const signalSetBytes = 128;
const setSignalDefaults = 0x04;
const setSignalMask = 0x08;
/** glibc 2.26, musl 1.1.24. */
const setSession = 0x80;
const noHang = 1;

function bindAll() {
  const libc = koffi.load('libc.so.6');
  const calls = {
    initActions: libc.func('int posix_spawn_file_actions_init(void *actions)'),
    endActions: libc.func('int posix_spawn_file_actions_destroy(void *actions)'),
    addDup: libc.func('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)'),
    addOpen: libc.func(
      'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint32_t mode)',
    ),
    addChdir: libc.func('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)'),
    spawn: libc.func(
      'int posix_spawn(_Out_ int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **env)',
    ),
    wait: libc.func('int waitpid(int pid, _Out_ int *status, int options)'),
    kill: libc.func('int kill(int pid, int signal)'),
  };
  return { calls, attributes: spawnAttributes(libc) };
}

/** The same for every program: a session of its own, no signal blocked, none ignored (Node ignores SIGPIPE). */
function spawnAttributes(libc: ReturnType<typeof koffi.load>): Buffer {
  const attributes = Buffer.alloc(attributesBytes);
  const none = Buffer.alloc(signalSetBytes);
  // Not by sigfillset(3), which leaves out the two that glibc uses itself, and would have them ignored in the program.
  const all = Buffer.alloc(signalSetBytes, 0xff);
  libc.func('int posix_spawnattr_init(void *attributes)')(attributes);
  libc.func('int posix_spawnattr_setflags(void *attributes, int16_t flags)')(
    attributes,
    setSession | setSignalDefaults | setSignalMask,
  );
  libc.func('int posix_spawnattr_setsigmask(void *attributes, const void *set)')(attributes, none);
  libc.func('int posix_spawnattr_setsigdefault(void *attributes, const void *set)')(attributes, all);
  return attributes;
}

let bound: ReturnType<typeof bindAll> | undefined;

/**
 * Starts a program in `/`, in a session of its own.
 * @throws SystemCallError with the errno of what could not be executed
 */
export function spawnProcess(options: SpawnOptions): SpawnedProcess {
  bound ??= bindAll();
  const { calls, attributes } = bound;
  const actions = Buffer.alloc(actionsBytes);
  calls.initActions(actions);
  const pids = [0];
  try {
    calls.addChdir(actions, '/');
    options.fds.forEach((fd, at) => {
      if (fd === 'ignore') calls.addOpen(actions, at, '/dev/null', 2, 0);
      else calls.addDup(actions, fd, at);
    });
    const env = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
    const argv = [options.path, ...options.args, null];
    const failure = Number(calls.spawn(pids, options.path, actions, attributes, argv, [...env, null]));
    if (failure !== 0) throw new SystemCallError(`start ${options.path}`, failure);
  } finally {
    calls.endActions(actions);
  }
  return follow(pids[0] ?? -1);
}

function follow(pid: number): SpawnedProcess {
  let ended = false;
  const exited = new Promise<number>((resolve) => {
    watchPidfd(pidfdOpen(pid), () => {
      ended = true;
      resolve(reap(pid));
    });
  });
  return {
    pid,
    exited,
    kill: (signal) => {
      if (!ended) process.kill(pid, signal);
    },
  };
}

function reap(pid: number): number {
  const status = [0];
  bound?.calls.wait(pid, status, noHang);
  const [word = 0] = status;
  const signal = word & 0x7f;
  return signal === 0 ? (word >> 8) & 0xff : 128 + signal;
}
