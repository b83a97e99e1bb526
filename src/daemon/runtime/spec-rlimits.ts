import { refusedSpec } from './runtime-failure.ts';

export interface Ulimit {
  /** As in Docker: `nofile`, `core`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

export interface Rlimit {
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/** setrlimit(2) */
const names = new Set([
  ...['AS', 'CORE', 'CPU', 'DATA', 'FSIZE', 'LOCKS', 'MEMLOCK', 'MSGQUEUE'],
  ...['NICE', 'NOFILE', 'NPROC', 'RSS', 'RTPRIO', 'RTTIME', 'SIGPENDING', 'STACK'],
]);

/** Docker's ulimits as the runtime takes them. @throws WharfError 'runtime.failed' in runc's words */
export function rlimits(ulimits: readonly Ulimit[]): readonly Rlimit[] {
  return ulimits.map(({ name, soft, hard }) => {
    const type = `RLIMIT_${name.toUpperCase()}`;
    if (!names.has(name.toUpperCase())) throw refusedSpec(`wrong rlimit value: ${type}`);
    // The kernel reads -1 as no limit, so a soft one of -1 is above every hard one but that.
    if (hard !== -1 && (soft === -1 || soft > hard)) {
      throw refusedSpec(
        `unable to start container process: error during container init: error setting rlimits for ready process: ${type}: the soft limit ${soft} is above the hard limit ${hard}: invalid argument`,
      );
    }
    return { type, soft, hard };
  });
}
