/** Settings of containers: what holds for those that do not say otherwise. */
import type { FlagTable } from './daemon-flag.ts';

export const containerFlags = {
  'add-runtime': {
    kind: 'json',
    key: 'runtimes',
    value: 'NAME=PATH',
    help: 'One more OCI runtime for `run --runtime NAME`',
  },
  'default-runtime': {
    kind: 'text',
    key: 'default-runtime',
    value: 'NAME',
    help: 'crun, runc or one of --add-runtime (default the best that works here)',
  },
  'exec-opt': {
    kind: 'list',
    key: 'exec-opts',
    value: 'KEY=VALUE',
    help: 'native.cgroupdriver=cgroupfs, which is the only driver',
  },
  'cgroup-parent': {
    kind: 'text',
    key: 'cgroup-parent',
    value: 'PATH',
    help: "Control group above every container's (default /wharf)",
  },
  'default-cgroupns-mode': {
    kind: 'text',
    key: 'default-cgroupns-mode',
    value: 'MODE',
    help: 'Control group namespace: host or private (default private on cgroup v2, else host)',
  },
  'default-ipc-mode': {
    kind: 'text',
    key: 'default-ipc-mode',
    value: 'MODE',
    help: 'IPC namespace: shareable or private (default private)',
  },
  'default-shm-size': {
    kind: 'bytes',
    key: 'default-shm-size',
    value: 'BYTES',
    help: 'Size of /dev/shm (default 64MiB)',
  },
  'default-ulimit': { kind: 'json', key: 'default-ulimits', value: 'NAME=SOFT[:HARD]', help: 'Ulimits of containers' },
  init: { kind: 'switch', key: 'init', help: 'Run an init in every container that does not say otherwise' },
  'init-path': {
    kind: 'text',
    key: 'init-path',
    value: 'PATH',
    help: 'That init (default docker-init, tini or catatonit)',
  },
  'log-driver': {
    kind: 'text',
    key: 'log-driver',
    value: 'NAME',
    help: 'Log driver of containers (default json-file)',
  },
  'log-opt': { kind: 'map', key: 'log-opts', value: 'KEY=VALUE', help: 'Options of --log-driver' },
  'no-new-privileges': {
    kind: 'switch',
    key: 'no-new-privileges',
    help: 'Containers can not gain privileges, unless they say otherwise',
  },
  'seccomp-profile': {
    kind: 'text',
    key: 'seccomp-profile',
    value: 'PATH',
    help: 'Seccomp profile of containers: a file, builtin or unconfined (default builtin)',
  },
  'userns-remap': {
    kind: 'text',
    key: 'userns-remap',
    value: 'USER[:GROUP]',
    help: 'Refused',
    refused: "containers of root's engine have the host's user namespace; `wharfd --rootless` runs all of it in one",
  },
  'cdi-spec-dir': {
    kind: 'list',
    key: 'cdi-spec-dirs',
    value: 'PATH',
    help: 'Refused',
    refused: 'there are no CDI devices in this engine',
  },
  'selinux-enabled': {
    kind: 'switch',
    key: 'selinux-enabled',
    help: 'Refused',
    refused: 'containers get no SELinux labels in this engine',
  },
  'cpu-rt-period': {
    kind: 'number',
    key: 'cpu-rt-period',
    value: 'US',
    help: 'Refused',
    refused: 'real-time scheduling of the parent control group exists on cgroup v1 with CONFIG_RT_GROUP_SCHED only',
  },
  'cpu-rt-runtime': {
    kind: 'number',
    key: 'cpu-rt-runtime',
    value: 'US',
    help: 'Refused',
    refused: 'real-time scheduling of the parent control group exists on cgroup v1 with CONFIG_RT_GROUP_SCHED only',
  },
} as const satisfies FlagTable;
