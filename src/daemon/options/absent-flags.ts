/** dockerd's settings of parts that Wharf does not have. They are known so that asking for them says why not. */
import type { DaemonFlag, FlagTable } from './daemon-flag.ts';

const containerd = 'Wharf runs containers itself, without containerd';
const swarm = 'Wharf has no swarm mode';

const text = (key: string, refused: string) =>
  ({ kind: 'text', key, help: 'Refused', refused }) as const satisfies DaemonFlag;
const number = (key: string, refused: string) =>
  ({ kind: 'number', key, help: 'Refused', refused }) as const satisfies DaemonFlag;

export const absentFlags = {
  containerd: text('containerd', containerd),
  'containerd-namespace': text('containerd-namespace', containerd),
  'containerd-plugins-namespace': text('containerd-plugin-namespace', containerd),
  'cri-containerd': { kind: 'switch', key: 'cri-containerd', help: 'Refused', refused: containerd },
  'swarm-default-advertise-addr': text('swarm-default-advertise-addr', swarm),
  'swarm-raft-heartbeat-tick': number('swarm-raft-heartbeat-tick', swarm),
  'swarm-raft-election-tick': number('swarm-raft-election-tick', swarm),
  'node-generic-resource': { kind: 'list', key: 'node-generic-resources', help: 'Refused', refused: swarm },
  'network-control-plane-mtu': number('network-control-plane-mtu', swarm),
  'network-diagnostic-port': number('network-diagnostic-port', swarm),
  'api-cors-header': text('api-cors-header', 'it was removed; use a reverse proxy if you need CORS headers'),
} as const satisfies FlagTable;
