import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { Filters } from './container-service.ts';
import { hasLabel } from './list-filters.ts';
import { removeContainer } from './remove.ts';

/** POST /containers/prune: removes every container that does not run, as far as the filters `until` and `label` let it. */
export async function pruneContainers(
  context: ContainerContext,
  filters: Filters,
): Promise<{ readonly ContainersDeleted: readonly string[] | null; readonly SpaceReclaimed: number }> {
  const wanted = compilePruneFilters(filters, context.clock.nowMs());
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const handle of context.handles()) {
    const { kind } = handle.state;
    if ((kind !== 'created' && kind !== 'exited' && kind !== 'dead') || !wanted(handle)) continue;
    const size = await context.snapshots.usage(handle.id, { signal: context.signal }).catch(() => undefined);
    try {
      await removeContainer(context, handle.id, { force: false, volumes: false });
    } catch (error) {
      // It may have been started or removed meanwhile; the others still go.
      context.log.warn('A container was not pruned.', { id: handle.id, error });
      continue;
    }
    deleted.push(handle.id);
    reclaimed += size?.sizeBytes ?? 0;
  }
  context.events.publish('container', 'prune', '', { reclaimed: String(reclaimed) });
  return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

function compilePruneFilters(filters: Filters, nowMs: number): (handle: ContainerHandle) => boolean {
  for (const name of filters.keys()) {
    if (!['until', 'label', 'label!'].includes(name)) {
      throw new WharfError('request.invalid', `invalid filter '${name}'`);
    }
  }
  const [until, second] = filters.get('until') ?? [];
  if (second !== undefined) throw new WharfError('request.invalid', 'more than one until filter specified');
  const untilMs = until === undefined ? undefined : parseUntil(until, nowMs);
  const labels = filters.get('label') ?? [];
  const withoutLabels = filters.get('label!') ?? [];
  return ({ record }) => {
    const own = record.config.Labels ?? {};
    if (untilMs !== undefined && record.createdAtMs > untilMs) return false;
    return labels.every((label) => hasLabel(own, label)) && !withoutLabels.some((label) => hasLabel(own, label));
  };
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A UNIX time, an RFC 3339 time, or a Go duration before now ('1h30m'). */
export function parseUntil(text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    let spanMs = 0;
    for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
      spanMs += Number(number) * (unitMs[unit ?? ''] ?? 0);
    }
    return nowMs - spanMs;
  }
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw new WharfError('request.invalid', `failed to parse value as time or duration: ${JSON.stringify(text)}`);
  }
  return time;
}
