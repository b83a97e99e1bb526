import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { hostPort } from '../../views/ports-text.ts';

export const command = defineCommand({
  path: ['container', 'port'],
  aliases: [['port']],
  summary: 'List the published ports of a container, or where one of them is',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  flags: {},
  args: { min: 1, max: 2 },
  completes: 'container',
  async run(ctx) {
    const [id = '', wanted] = ctx.args;
    const engine = await ctx.engine();
    const { NetworkSettings } = await engine.call('ContainerInspect', { params: { id }, signal: ctx.signal });
    const published = Object.entries(NetworkSettings.Ports ?? {}).map(([key, bindings]) => ({
      key,
      addresses: (bindings ?? []).map(({ HostIp, HostPort }) => hostPort(HostIp ?? '', HostPort ?? '')),
    }));
    if (wanted === undefined) {
      const lines = published.flatMap(({ key, addresses }) => addresses.map((address) => `${key} -> ${address}\n`));
      await ctx.terminal.out(lines.sort(byPort).join(''));
      return 0;
    }
    const key = wanted.includes('/') ? wanted : `${wanted}/tcp`;
    if (!/^\d+\/\w+$/.test(key))
      throw new UsageError(`invalid port format: ${JSON.stringify(wanted)}`, { exitCode: 1 });
    const found = published.find((port) => port.key === key);
    if (found === undefined || found.addresses.length === 0) {
      throw new UsageError(`no public port '${wanted}' published for ${id}`, {
        exitCode: 1,
        hint: `List them with \`wharf port ${id}\`.`,
      });
    }
    await ctx.terminal.out(found.addresses.map((address) => `${address}\n`).join(''));
    return 0;
  },
});

function byPort(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}
