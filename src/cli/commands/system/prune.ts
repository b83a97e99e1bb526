import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { humanSize } from '../../format/sizes.ts';
import { confirm } from '../../prompt/confirm.ts';
import { deletedImages, deletedNames } from '../../views/pruned-text.ts';

export const command = defineCommand({
  path: ['system', 'prune'],
  summary: 'Remove what nothing uses',
  usage: '[OPTIONS]',
  flags: {
    all: { type: 'bool', short: 'a', help: 'Remove images with a name too, when no container uses them' },
    filter: { type: 'list', metavar: 'name=value', help: 'Remove only what matches, such as until=24h' },
    force: { type: 'bool', short: 'f', help: 'Do not ask' },
    volumes: { type: 'bool', help: 'Remove anonymous volumes too' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags, terminal, signal } = ctx;
    const filters = parseFilters(flags.filter);
    if (flags.volumes && filters?.until !== undefined) {
      throw new UsageError('the "until" filter is not supported with "--volumes"', { exitCode: 1 });
    }
    if (!flags.force && !(await confirm(terminal, warning(flags, flags.filter), signal))) return 1;
    const engine = await ctx.engine();
    const query = { filters };
    let reclaimedBytes = 0;
    const containers = await engine.call('ContainerPrune', { query, signal });
    reclaimedBytes += containers.SpaceReclaimed;
    await terminal.out(deletedNames('Deleted Containers', containers.ContainersDeleted ?? []));
    const networks = await engine.call('NetworkPrune', { query, signal });
    await terminal.out(deletedNames('Deleted Networks', networks.NetworksDeleted ?? []));
    if (flags.volumes) {
      const volumes = await engine.call('VolumePrune', { query, signal });
      reclaimedBytes += volumes.SpaceReclaimed;
      await terminal.out(deletedNames('Deleted Volumes', volumes.VolumesDeleted ?? []));
    }
    const images = await engine.call('ImagePrune', {
      query: { filters: { ...filters, dangling: [flags.all ? 'false' : 'true'] } },
      signal,
    });
    reclaimedBytes += images.SpaceReclaimed;
    await terminal.out(deletedImages(images.ImagesDeleted ?? []));
    await terminal.out(`Total reclaimed space: ${humanSize(reclaimedBytes)}\n`);
    return 0;
  },
});

function warning(flags: { readonly all: boolean; readonly volumes: boolean }, filters: readonly string[]): string {
  const lines = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(flags.volumes ? ['all anonymous volumes not used by at least one container'] : []),
    flags.all ? 'all images without at least one container associated to them' : 'all dangling images',
  ];
  const filtered =
    filters.length === 0
      ? ''
      : `\n  Items to be pruned will be filtered with:\n${[...filters]
          .sort()
          .map((filter) => `  - ${filter}\n`)
          .join('')}`;
  return `WARNING! This will remove:\n${lines.map((line) => `  - ${line}\n`).join('')}${filtered}\nAre you sure you want to continue?`;
}
