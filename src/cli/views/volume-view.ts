import type { Volume } from '../../contract/engine-types.ts';
import type { ListView, Row } from '../format/list-view.ts';
import { humanSize } from '../format/sizes.ts';

export const volumeView: ListView = {
  table: '{{.Driver}}\t{{.Name}}',
  quiet: '{{.Name}}',
  raw: 'name: {{.Name}}\ndriver: {{.Driver}}\n',
  headers: {
    Availability: 'AVAILABILITY',
    Driver: 'DRIVER',
    Group: 'GROUP',
    Labels: 'LABELS',
    Links: 'LINKS',
    Mountpoint: 'MOUNTPOINT',
    Name: 'VOLUME NAME',
    Scope: 'SCOPE',
    Size: 'SIZE',
    Status: 'STATUS',
  },
};

export function volumeRow(volume: Volume): Row {
  const labels = volume.Labels ?? {};
  const usage = volume.UsageData;
  return {
    // The last three are of cluster volumes, which only swarms have.
    Availability: 'N/A',
    Driver: volume.Driver,
    Group: 'N/A',
    Label: (name: unknown) => labels[String(name)] ?? '',
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    Links: usage === undefined || usage === null ? 'N/A' : String(usage.RefCount),
    Mountpoint: volume.Mountpoint,
    Name: volume.Name,
    Scope: volume.Scope,
    Size: usage === undefined || usage === null || usage.Size < 0 ? 'N/A' : humanSize(usage.Size),
    Status: 'N/A',
  };
}
