import type { Port } from '../../contract/engine-types.ts';

/**
 * Ports as `docker ps` shows them: `0.0.0.0:8080->80/tcp, 443/tcp`. Neighbouring ports published under their own number on
 * the same address become a range.
 */
export function showPorts(ports: readonly Port[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const finished: string[] = [];
  const mapped: string[] = [];
  for (const port of [...ports].sort(byPort)) {
    const address = port.IP ?? '';
    if (address !== '' && port.PublicPort !== port.PrivatePort) {
      mapped.push(`${hostPort(address, String(port.PublicPort ?? 0))}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const key = address === '' ? port.Type : `${address}/${port.Type}`;
    const group = groups.get(key);
    if (group !== undefined && port.PrivatePort === group.last + 1) {
      group.last = port.PrivatePort;
      continue;
    }
    if (group !== undefined) finished.push(groupText(key, group));
    groups.set(key, { first: port.PrivatePort, last: port.PrivatePort });
  }
  return [...finished, ...[...groups].map(([key, group]) => groupText(key, group)), ...mapped].join(', ');
}

function groupText(key: string, { first, last }: { readonly first: number; readonly last: number }): string {
  const slash = key.lastIndexOf('/');
  const type = key.slice(slash + 1);
  const range = first === last ? String(first) : `${first}-${last}`;
  return slash < 0 ? `${range}/${type}` : `${hostPort(key.slice(0, slash), range)}->${range}/${type}`;
}

export function hostPort(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function byPort(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
