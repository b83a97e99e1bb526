import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';
import { maintenanceArguments, maintenanceFlags } from '../../registry-maintenance.ts';

export const command = defineCommand({
  path: ['registry', 'gc'],
  summary: 'Remove what no image of a registry uses',
  usage: '[OPTIONS] --root DIR | --server URL',
  description: 'A folder must not be served meanwhile; a registry that serves is asked with --server.',
  flags: {
    ...maintenanceFlags,
    settings: {
      type: 'string',
      metavar: 'file',
      help: 'Settings file of the registry, where its storage is told there',
    },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { settings, ...flags } = ctx.flags;
    const storage = settings === undefined ? [] : ['--settings', settings];
    const args = [productProgram('out/registry/server.mjs'), 'gc', ...maintenanceArguments(flags), ...storage];
    return runChild(ctx, { program: process.execPath, args });
  },
});
