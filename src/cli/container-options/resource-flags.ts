import type { FlagTable } from '../command.ts';

/** Limits that `run` and `create` set and `update` changes. */
export const resourceFlags = {
  'blkio-weight': { type: 'int', help: 'Block IO weight, 10 to 1000; 0 turns it off' },
  'cpu-period': { type: 'int', help: 'Length of a CPU scheduler period in microseconds' },
  'cpu-quota': { type: 'int', help: 'CPU time per period in microseconds' },
  'cpu-rt-period': { type: 'int', help: 'Real-time CPU period in microseconds' },
  'cpu-rt-runtime': { type: 'int', help: 'Real-time CPU time per period in microseconds' },
  'cpu-shares': { type: 'int', short: 'c', help: 'CPU weight relative to other containers' },
  cpus: { type: 'decimal', help: 'Number of CPUs it may use, such as 1.5' },
  'cpuset-cpus': { type: 'string', help: 'CPUs it may run on (0-3, 0,1)' },
  'cpuset-mems': { type: 'string', help: 'Memory nodes it may use (0-3, 0,1)' },
  memory: { type: 'bytes', short: 'm', help: 'Memory limit' },
  'memory-reservation': { type: 'bytes', help: 'Memory it should keep under pressure' },
  'memory-swap': { type: 'bytes', unlimited: true, help: 'Memory plus swap; -1 for as much swap as there is' },
  'pids-limit': { type: 'int', help: 'Most processes at once; -1 for no limit' },
} as const satisfies FlagTable;
