import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';
import { openBrowser } from '../../terminal/open-browser.ts';

export const command = defineCommand({
  path: ['web'],
  summary: 'Show the desktop app in a browser',
  usage: '[OPTIONS]',
  flags: {
    listen: {
      type: 'string',
      metavar: 'addr:port',
      help: 'Address of this machine to listen on (default 127.0.0.1:8430)',
    },
    'new-link': { type: 'bool', help: 'Print a fresh sign-in link of the web host that runs already' },
    'no-open': { type: 'bool', help: 'Only print the address' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const options = [
      '--engine',
      await ctx.engineAddress(),
      ...(flags.listen === undefined ? [] : ['--listen', flags.listen]),
      ...(flags['new-link'] ? ['--new-link'] : []),
    ];
    let opened = flags['no-open'];
    return runChild(ctx, {
      program: process.execPath,
      args: [productProgram('out/gateway/main.mjs'), ...options],
      onOutput: (text) => {
        const url = /https?:\/\/\S+/.exec(text)?.[0];
        if (opened || url === undefined) return;
        opened = true;
        openBrowser(url, ctx.env);
      },
    });
  },
});
