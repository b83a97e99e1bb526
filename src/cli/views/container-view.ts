import type { ContainerSummary } from '../../contract/engine-types.ts';
import { familiar, parseNamed } from '../../oci/reference.ts';
import { goTime } from '../format/created-at.ts';
import { humanDuration } from '../format/durations.ts';
import type { ListView, Row } from '../format/list-view.ts';
import { humanSize } from '../format/sizes.ts';
import { ellipsis, shortId } from '../format/table.ts';
import { showPorts } from './ports-text.ts';

const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

export function containerView(withSize: boolean): ListView {
  const table = [...columns, ...(withSize ? ['Size'] : [])].map((name) => `{{.${name}}}`).join('\t');
  const raw = [
    'container_id: {{.ID}}',
    'image: {{.Image}}',
    'command: {{.Command}}',
    'created_at: {{.CreatedAt}}',
    'state: {{- pad .State 1 0}}',
    'status: {{- pad .Status 1 0}}',
    'names: {{.Names}}',
    'labels: {{- pad .Labels 1 0}}',
    'ports: {{- pad .Ports 1 0}}',
    ...(withSize ? ['size: {{.Size}}'] : []),
    '',
  ].join('\n');
  return { table, quiet: '{{.ID}}', raw, headers };
}

const headers = {
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Names: 'NAMES',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
  Ports: 'PORTS',
  RunningFor: 'CREATED',
  Size: 'SIZE',
  State: 'STATE',
  Status: 'STATUS',
} as const;

export interface ContainerRowOptions {
  readonly truncate: boolean;
  readonly nowMs: number;
}

/** A container as `docker ps` shows it. */
export function containerRow(container: ContainerSummary, { truncate, nowMs }: ContainerRowOptions): Row {
  const createdMs = container.Created * 1000;
  const labels = container.Labels ?? {};
  const mounts = container.Mounts ?? [];
  return {
    Command: JSON.stringify(truncate ? ellipsis(container.Command, 20) : container.Command),
    CreatedAt: goTime(createdMs),
    ID: truncate ? shortId(container.Id) : container.Id,
    Image: imageText(container, truncate),
    Label: (name: unknown) => labels[String(name)] ?? '',
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    LocalVolumes: String(mounts.filter(({ Driver }) => Driver === 'local').length),
    Mounts: mounts
      .map(({ Name, Source }) => (Name === undefined || Name === '' ? Source : Name))
      .map((name) => (truncate ? ellipsis(name, 15) : name))
      .join(','),
    Names: namesText(container.Names, truncate),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Platform: platformText(container),
    Ports: showPorts(container.Ports ?? []),
    RunningFor: `${humanDuration(nowMs - createdMs)} ago`,
    Size: sizeText(container),
    State: container.State,
    Status: container.Status,
  };
}

/** An image without a name is shown by its short ID; a digest beside a name is left out. */
function imageText(container: ContainerSummary, truncate: boolean): string {
  if (container.Image === '') return '<no image>';
  if (!truncate) return container.Image;
  if (shortId(container.ImageID) === shortId(container.Image)) return shortId(container.Image);
  try {
    const { digest: _digest, ...named } = parseNamed(container.Image);
    return familiar(named);
  } catch {
    return container.Image;
  }
}

/** Links give a container further names with a slash inside; only the own one is shown. */
function namesText(names: readonly string[] | null, truncate: boolean): string {
  const plain = (names ?? []).map((name) => name.replace(/^\//, ''));
  return truncate ? (plain.find((name) => !name.includes('/')) ?? '') : plain.join(',');
}

function sizeText(container: ContainerSummary): string {
  const own = humanSize(container.SizeRw ?? 0, 3);
  const all = container.SizeRootFs ?? 0;
  return all > 0 ? `${own} (virtual ${humanSize(all, 3)})` : own;
}

function platformText(container: ContainerSummary): string | null {
  const platform = container.ImageManifestDescriptor?.platform;
  if (platform === undefined || platform === null) return null;
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined && part !== '')
    .join('/');
}
