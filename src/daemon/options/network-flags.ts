/** Settings of networks; what they mean stands in networks/network-defaults.ts. */
import type { FlagTable } from './daemon-flag.ts';

const ownProxy = 'the proxy is part of the daemon';

export const networkFlags = {
  bridge: {
    kind: 'text',
    short: 'b',
    key: 'bridge',
    value: 'NAME',
    help: "An existing bridge for the default network, or none (default a bridge of the daemon's own)",
  },
  bip: { kind: 'text', key: 'bip', value: 'CIDR', help: 'IPv4 address of the default bridge' },
  bip6: { kind: 'text', key: 'bip6', value: 'CIDR', help: 'IPv6 address of the default bridge' },
  'fixed-cidr': {
    kind: 'text',
    key: 'fixed-cidr',
    value: 'CIDR',
    help: 'IPv4 addresses for containers of the default bridge',
  },
  'fixed-cidr-v6': {
    kind: 'text',
    key: 'fixed-cidr-v6',
    value: 'CIDR',
    help: 'IPv6 addresses for containers of the default bridge',
  },
  'default-gateway': {
    kind: 'text',
    key: 'default-gateway',
    value: 'IP',
    help: 'IPv4 gateway of containers of the default bridge',
  },
  'default-gateway-v6': {
    kind: 'text',
    key: 'default-gateway-v6',
    value: 'IP',
    help: 'IPv6 gateway of containers of the default bridge',
  },
  ipv6: { kind: 'switch', key: 'ipv6', help: 'IPv6 on the default bridge' },
  mtu: { kind: 'number', key: 'mtu', value: 'N', help: 'MTU of the default bridge (default 1500)' },
  icc: { kind: 'switch', key: 'icc', help: 'Containers of the default bridge reach each other (default true)' },
  ip: {
    kind: 'text',
    key: 'ip',
    value: 'IP',
    help: 'Host address of published ports that name none (default 0.0.0.0)',
  },
  'ip-forward': { kind: 'switch', key: 'ip-forward', help: 'Turn forwarding of the host on (default true)' },
  'ip-forward-no-drop': {
    kind: 'switch',
    key: 'ip-forward-no-drop',
    help: "Leave the host's FORWARD policy alone; Wharf always does",
  },
  'ip-masq': { kind: 'switch', key: 'ip-masq', help: 'Translate addresses of the default bridge (default true)' },
  iptables: { kind: 'switch', key: 'iptables', help: 'Make IPv4 packet filter rules (default true)' },
  ip6tables: { kind: 'switch', key: 'ip6tables', help: 'Make IPv6 packet filter rules (default true)' },
  'userland-proxy': {
    kind: 'switch',
    key: 'userland-proxy',
    help: 'Carry published ports through the daemon where rules do not reach (default true)',
  },
  'userland-proxy-path': {
    kind: 'text',
    key: 'userland-proxy-path',
    value: 'PATH',
    help: 'Refused',
    refused: ownProxy,
  },
  'allow-direct-routing': {
    kind: 'switch',
    key: 'allow-direct-routing',
    help: "Other hosts may route to published ports on containers' addresses",
  },
  'default-address-pool': {
    kind: 'json',
    key: 'default-address-pools',
    value: 'base=CIDR,size=N',
    help: 'What subnets of networks are cut from',
  },
  'default-network-opt': {
    kind: 'json',
    key: 'default-network-opts',
    value: 'DRIVER=KEY=VALUE',
    help: 'Options of new networks of this driver',
  },
  dns: { kind: 'list', key: 'dns', value: 'IP', help: 'Name servers of containers' },
  'dns-opt': { kind: 'list', key: 'dns-opts', value: 'OPTION', help: 'Resolver options of containers' },
  'dns-search': { kind: 'list', key: 'dns-search', value: 'DOMAIN', help: 'Search domains of containers' },
  'host-gateway-ip': {
    kind: 'list',
    key: 'host-gateway-ips',
    value: 'IP',
    help: "What host-gateway stands for in --add-host (default the default bridge's address)",
  },
} as const satisfies FlagTable;
