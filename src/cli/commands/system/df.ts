import type { DiskUsage } from '../../../contract/engine-types.ts';
import { defineCommand } from '../../command.ts';
import { humanDuration } from '../../format/durations.ts';
import { type ListView, type Row, renderList } from '../../format/list-view.ts';
import { humanSize } from '../../format/sizes.ts';
import { ellipsis } from '../../format/table.ts';
import { containerRow, containerView } from '../../views/container-view.ts';
import { imageRows, imageView } from '../../views/image-view.ts';
import { volumeRow, volumeView } from '../../views/volume-view.ts';

const summaryView: ListView = {
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
  headers: { Active: 'ACTIVE', Reclaimable: 'RECLAIMABLE', Size: 'SIZE', TotalCount: 'TOTAL', Type: 'TYPE' },
};

export const command = defineCommand({
  path: ['system', 'df'],
  summary: 'Show what takes space on disk',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    verbose: { type: 'bool', short: 'v', help: 'Show every image, container and volume' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const engine = await ctx.engine();
    const usage = await engine.call('SystemDataUsage', { signal: ctx.signal });
    const text = ctx.flags.verbose
      ? verboseText(usage)
      : renderList(summaryRows(usage), summaryView, { format: ctx.flags.format });
    await ctx.terminal.out(text);
    return 0;
  },
});

/** Space that would come back if what nothing uses were removed. */
export function summaryRows(usage: DiskUsage): Row[] {
  const images = usage.Images ?? [];
  const usedImages = images.filter(({ Containers }) => Containers > 0);
  const layersBytes = usage.LayersSize ?? 0;
  const usedBytes = sum(
    usedImages.map(({ Size, SharedSize }) => (Size === -1 || SharedSize === -1 ? 0 : Size - SharedSize)),
  );
  const containers = usage.Containers ?? [];
  const idle = containers.filter(({ State }) => !['running', 'paused', 'restarting'].includes(State));
  const volumes = usage.Volumes ?? [];
  const sized = volumes.filter(({ UsageData }) => (UsageData?.Size ?? -1) >= 0);
  const cache = usage.BuildCache ?? [];
  const ownCache = cache.filter(({ Shared }) => !Shared);
  return [
    summaryRow('Images', images.length, usedImages.length, layersBytes, layersBytes - usedBytes),
    summaryRow(
      'Containers',
      containers.length,
      containers.length - idle.length,
      sum(containers.map(({ SizeRw }) => SizeRw ?? 0)),
      sum(idle.map(({ SizeRw }) => SizeRw ?? 0)),
    ),
    summaryRow(
      'Local Volumes',
      volumes.length,
      volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
      sum(sized.map(({ UsageData }) => UsageData?.Size ?? 0)),
      sum(sized.filter(({ UsageData }) => UsageData?.RefCount === 0).map(({ UsageData }) => UsageData?.Size ?? 0)),
    ),
    summaryRow(
      'Build Cache',
      cache.length,
      cache.filter(({ InUse }) => InUse).length,
      sum(ownCache.map(({ Size }) => Size)),
      sum(ownCache.filter(({ InUse }) => !InUse).map(({ Size }) => Size)),
      false,
    ),
  ];
}

function summaryRow(
  Type: string,
  total: number,
  active: number,
  bytes: number,
  reclaimableBytes: number,
  withShare = true,
): Row {
  const share = withShare && bytes > 0 ? ` (${Math.trunc((reclaimableBytes * 100) / bytes)}%)` : '';
  return {
    Active: String(active),
    Reclaimable: humanSize(reclaimableBytes) + share,
    Size: humanSize(bytes),
    TotalCount: String(total),
    Type,
  };
}

const cacheView: ListView = {
  table: '{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}',
  headers: {
    CacheType: 'CACHE TYPE',
    CreatedSince: 'CREATED',
    ID: 'CACHE ID',
    LastUsedSince: 'LAST USED',
    Shared: 'SHARED',
    Size: 'SIZE',
    UsageCount: 'USAGE',
  },
};

function cacheRow(item: NonNullable<DiskUsage['BuildCache']>[number], nowMs: number): Row {
  const ago = (text: string): string => `${humanDuration(nowMs - Date.parse(text))} ago`;
  return {
    CacheType: item.Type,
    CreatedSince: ago(item.CreatedAt),
    ID: ellipsis(item.ID, 12),
    LastUsedSince: item.LastUsedAt === null ? '' : ago(item.LastUsedAt),
    Shared: String(item.Shared),
    Size: humanSize(item.Size, 3),
    UsageCount: String(item.UsageCount),
  };
}

function verboseText(usage: DiskUsage): string {
  const nowMs = Date.now();
  const table = (names: readonly string[]): string => names.map((name) => `{{.${name}}}`).join('\t');
  const images = (usage.Images ?? []).flatMap((image) =>
    imageRows(image, { truncate: true, digests: false, nowMs }).slice(0, 1),
  );
  const containers = (usage.Containers ?? []).map((container) =>
    containerRow({ ...container, SizeRootFs: 0 }, { truncate: true, nowMs }),
  );
  const volumes = (usage.Volumes ?? []).map(volumeRow);
  const cache = (usage.BuildCache ?? []).map((item) => cacheRow(item, nowMs));
  const cacheBytes = sum((usage.BuildCache ?? []).map(({ Size }) => Size));
  return [
    'Images space usage:\n\n',
    renderList(
      images,
      {
        ...imageView(false),
        table: table(['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers']),
      },
      {},
    ),
    '\nContainers space usage:\n\n',
    renderList(
      containers,
      {
        ...containerView(true),
        table: table(['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names']),
      },
      {},
    ),
    '\nLocal Volumes space usage:\n\n',
    renderList(volumes, { ...volumeView, table: table(['Name', 'Links', 'Size']) }, {}),
    `\nBuild cache usage: ${humanSize(cacheBytes)}\n\n`,
    renderList(cache, cacheView, {}),
  ].join('');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
