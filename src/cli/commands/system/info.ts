import { defineCommand } from '../../command.ts';
import { renderInspect } from '../../format/inspect-view.ts';
import { productVersion } from '../../product-version.ts';
import { infoText } from '../../views/info-text.ts';

export const command = defineCommand({
  path: ['system', 'info'],
  aliases: [['info']],
  summary: 'Show what the engine is, has and may',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', short: 'f', help: "Output: 'json' or a Go template" },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { format } = ctx.flags;
    const client = { Version: productVersion, Context: ctx.contextName(), Debug: false };
    if (format !== undefined && format !== '') {
      const engine = await ctx.engine();
      const info = await engine.call('SystemInfo', { signal: ctx.signal });
      await ctx.terminal.out(renderInspect([{ ...info, ClientInfo: client }], format));
      return 0;
    }
    await ctx.terminal.out(
      `Client:\n Version:    ${client.Version}\n Context:    ${client.Context}\n Debug Mode: ${client.Debug}\n\nServer:\n`,
    );
    const engine = await ctx.engine();
    const info = await engine.call('SystemInfo', { signal: ctx.signal });
    await ctx.terminal.out(`${infoText(info)}\n`);
    for (const warning of info.Warnings ?? []) await ctx.terminal.err(`${warning}\n`);
    return 0;
  },
});
