import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';
import { maintenanceArguments, maintenanceFlags } from '../../registry-maintenance.ts';

export const command = defineCommand({
  path: ['registry', 'retention'],
  summary: "Remove the tags a registry's retention rules do not keep",
  usage: '[OPTIONS] --root DIR --settings FILE | --server URL',
  description: 'The rules are in the settings file of the registry; one that serves is asked with --server.',
  flags: {
    ...maintenanceFlags,
    settings: { type: 'string', metavar: 'file', help: 'Settings file with the retention rules' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { settings, ...flags } = ctx.flags;
    const rules = settings === undefined ? [] : ['--settings', settings];
    const args = [productProgram('out/registry/server.mjs'), 'retention', ...maintenanceArguments(flags), ...rules];
    return runChild(ctx, { program: process.execPath, args });
  },
});
