import { defineCommand } from '../../command.ts';
import { toMap } from '../../container-options/key-values.ts';

export const command = defineCommand({
  path: ['network', 'connect'],
  summary: 'Connect a container to a network',
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: {
    alias: { type: 'list', commas: true, help: 'Another name of the container on the network' },
    'driver-opt': { type: 'list', commas: true, metavar: 'key=value', help: 'Option of the driver' },
    'gw-priority': { type: 'int', help: 'The network with the highest one is the way out' },
    ip: { type: 'string', help: 'IPv4 address' },
    ip6: { type: 'string', help: 'IPv6 address' },
    link: { type: 'list', help: 'Another container to reach by name' },
    'link-local-ip': { type: 'list', commas: true, help: 'Link-local address' },
  },
  args: { min: 2, max: 2 },
  completes: 'network',
  async run(ctx) {
    const { flags } = ctx;
    const [id = '', Container = ''] = ctx.args;
    const engine = await ctx.engine();
    const hasAddress = flags.ip !== undefined || flags.ip6 !== undefined || flags['link-local-ip'].length > 0;
    const EndpointConfig = {
      Aliases: flags.alias.length > 0 ? flags.alias : undefined,
      Links: flags.link.length > 0 ? flags.link : undefined,
      DriverOpts: flags['driver-opt'].length > 0 ? toMap(flags['driver-opt']) : undefined,
      GwPriority: flags['gw-priority'],
      IPAMConfig: hasAddress
        ? {
            IPv4Address: flags.ip,
            IPv6Address: flags.ip6,
            LinkLocalIPs: flags['link-local-ip'].length > 0 ? flags['link-local-ip'] : undefined,
          }
        : undefined,
    };
    await engine.call('NetworkConnect', { params: { id }, body: { Container, EndpointConfig }, signal: ctx.signal });
    return 0;
  },
});
