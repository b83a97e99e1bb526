import { WharfError } from '../../../contract/errors.ts';
import { defineCommand } from '../../command.ts';
import { waitUntil } from '../../local-daemon/wait-until.ts';
import { pluginService } from '../../packages/package-services.ts';
import { openBrowser } from '../../terminal/open-browser.ts';

const startLimitMs = 30_000;

export const command = defineCommand({
  path: ['plugin', 'open'],
  summary: "Open a plugin's page in the browser",
  usage: '[OPTIONS] NAME',
  flags: {
    'no-open': { type: 'bool', help: 'Only print the address' },
  },
  args: { min: 1, max: 1 },
  completes: 'none',
  async run(ctx) {
    const [name = ''] = ctx.args;
    const service = await pluginService(ctx);
    const find = async () => {
      const plugin = (await service.list()).find((other) => other.name === name);
      if (plugin === undefined)
        throw new WharfError('plugin.not-found', `plugin ${name} is not installed`, {
          hint: 'List plugins with `wharf plugin ls`.',
        });
      return plugin;
    };
    let plugin = await find();
    if (plugin.state === 'stopped') plugin = await service.start(name);
    await waitUntil(
      async () => {
        plugin = await find();
        return plugin.state === 'running';
      },
      startLimitMs,
      ctx.signal,
    );
    if (plugin.url === null)
      throw new WharfError('container.not-running', `plugin ${name} does not stay up`, {
        hint: `See \`wharf logs ${plugin.containerId.slice(0, 12)}\`.`,
      });
    await ctx.terminal.out(`${plugin.url}\n`);
    if (!ctx.flags['no-open']) openBrowser(plugin.url, ctx.env);
    return 0;
  },
});
