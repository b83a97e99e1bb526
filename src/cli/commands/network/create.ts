import type { NetworkCreateRequest } from '../../../contract/engine-types.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand, type FlagValues } from '../../command.ts';
import { toMap } from '../../container-options/key-values.ts';

const flags = {
  attachable: { type: 'bool', help: 'Let containers be attached by hand' },
  'aux-address': { type: 'list', metavar: 'name=ip', help: 'Address the network must not give out' },
  driver: { type: 'string', short: 'd', help: 'Driver of the network (default bridge)' },
  gateway: { type: 'list', commas: true, help: 'Address of the gateway' },
  internal: { type: 'bool', help: 'No way out of the network' },
  'ip-range': { type: 'list', commas: true, help: 'Range that container addresses come from' },
  'ipam-driver': { type: 'string', help: 'Driver that gives out addresses' },
  'ipam-opt': { type: 'list', metavar: 'key=value', help: 'Option of that driver' },
  ipv4: { type: 'bool', initial: true, help: 'Give out IPv4 addresses' },
  ipv6: { type: 'bool', help: 'Give out IPv6 addresses' },
  label: { type: 'list', metavar: 'key[=value]', help: 'Label of the network' },
  opt: { type: 'list', short: 'o', metavar: 'key=value', help: 'Option of the driver' },
  subnet: { type: 'list', commas: true, help: 'Addresses of the network, such as 10.1.0.0/16' },
} as const;

export const command = defineCommand({
  path: ['network', 'create'],
  summary: 'Create a network',
  usage: '[OPTIONS] NETWORK',
  flags,
  args: { min: 1, max: 1 },
  async run(ctx) {
    const [name = ''] = ctx.args;
    const { flags: values, given } = ctx;
    const engine = await ctx.engine();
    const body: NetworkCreateRequest = {
      Name: name,
      Driver: values.driver ?? 'bridge',
      Attachable: values.attachable,
      Internal: values.internal,
      EnableIPv4: given.has('ipv4') ? values.ipv4 : undefined,
      EnableIPv6: given.has('ipv6') ? values.ipv6 : undefined,
      IPAM: {
        Driver: values['ipam-driver'] ?? 'default',
        Options: toMap(values['ipam-opt']),
        Config: ipamConfig(values),
      },
      Options: toMap(values.opt),
      Labels: toMap(values.label),
    };
    const { Id, Warning } = await engine.call('NetworkCreate', { body, signal: ctx.signal });
    if (Warning !== '') await ctx.terminal.err(`WARNING: ${Warning}\n`);
    await ctx.terminal.out(`${Id}\n`);
    return 0;
  },
});

type Ipam = NonNullable<NonNullable<NetworkCreateRequest['IPAM']>['Config']>[number];

/** One entry a subnet, each with the range, gateway and reserved addresses that lie in it. */
function ipamConfig(values: FlagValues<typeof flags>): Ipam[] {
  if (values.subnet.length === 0) {
    if (values.gateway.length + values['ip-range'].length > 0) {
      throw new UsageError('every ip-range or gateway must have a corresponding subnet', {
        exitCode: 1,
        hint: 'Give --subnet as well.',
      });
    }
    return [];
  }
  const configs = values.subnet.map((Subnet): { -readonly [K in keyof Ipam]: Ipam[K] } => ({ Subnet }));
  const place = (address: string, what: string): { -readonly [K in keyof Ipam]: Ipam[K] } => {
    const found = configs.find(({ Subnet }) => contains(Subnet ?? '', address));
    if (found !== undefined) return found;
    throw new UsageError(`no matching subnet for ${what} ${address}`, { exitCode: 1 });
  };
  for (const range of values['ip-range']) place(range.split('/')[0] ?? '', 'range').IPRange = range;
  for (const gateway of values.gateway) place(gateway, 'gateway').Gateway = gateway;
  for (const [name, address] of Object.entries(toMap(values['aux-address']))) {
    const config = place(address, 'aux-address');
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return configs;
}

/** Whether an address lies in a subnet. IPv6 is left to the engine to check. */
function contains(subnet: string, address: string): boolean {
  const [base = '', length = '32'] = subnet.split('/');
  if (base.includes(':') || address.includes(':')) return base.includes(':') === address.includes(':');
  const a = toNumber(base);
  const b = toNumber(address);
  const size = 2 ** (32 - Number(length));
  return a !== undefined && b !== undefined && Math.floor(a / size) === Math.floor(b / size);
}

function toNumber(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
