import type { PackagePreview, Permissions } from '../../contract/host-schemas.ts';
import type { PackageJob } from '../../extensions/package-jobs.ts';
import { UsageError } from '../argv/usage-error.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { confirm } from '../prompt/confirm.ts';
import { permissionLines, printedJob } from './package-services.ts';

interface Installer {
  preview(image: string, job: PackageJob): Promise<PackagePreview>;
  install(
    image: string,
    granted: Permissions,
    job: PackageJob,
  ): Promise<{ readonly name: string; readonly version: string }>;
}

export const installFlags = {
  yes: { type: 'bool', short: 'y', help: 'Agree to what it asks for' },
} as const satisfies FlagTable;

/** Shows what a package asks for and installs it when the user agrees. */
export async function installPackage(ctx: CommandContext<typeof installFlags>, installer: Installer): Promise<number> {
  const { terminal, signal } = ctx;
  const [image = ''] = ctx.args;
  const job = printedJob(ctx);
  const preview = await installer.preview(image, job);
  await terminal.err(`${permissionLines(preview).join('\n')}\n`);
  if (!ctx.flags.yes) {
    if (!terminal.stdinIsTty) {
      throw new UsageError('nobody is there to agree to what it asks for', { exitCode: 1, hint: 'Agree with --yes.' });
    }
    if (!(await confirm(terminal, 'Install it?', signal))) return 1;
  }
  // What was shown, by its exact image: the tag may have moved since.
  const { name, version } = await installer.install(preview.image, preview.permissions, job);
  await terminal.out(`${name}\n`);
  await terminal.err(`Installed ${preview.title} ${version}\n`);
  return 0;
}
