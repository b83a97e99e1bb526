/**
 * Docker's old links (`--link name:alias`). A record keeps each as `<container ID>:<alias>`; clients see them as
 * `/<name>:/<own name>/<alias>`, and the linked container has `<own name>/<alias>` among its names.
 */

import { invalidConfig } from './config-refusal.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';

/** What the client wrote, as the record keeps it. @throws WharfError 'container.config-invalid' in Docker's words */
export function resolveLink(context: ContainerContext, link: string): string {
  const [ref = '', alias, ...rest] = link.split(':');
  if (rest.length > 0) throw invalidConfig(`bad format for links: ${link}`);
  if (ref === '') throw invalidConfig('could not get container for : invalid name or ID supplied: ""');
  let linked: ContainerHandle;
  try {
    linked = context.find(ref);
  } catch (cause) {
    throw invalidConfig(
      `could not get container for ${ref}: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
  // A link as inspect shows it (docker-compose 1 sends it back): only its last part is the alias.
  const shown = alias?.startsWith('/') ? alias.split('/').pop() : alias;
  return `${linked.id}:${shown || linked.record.name}`;
}

export interface ContainerLink {
  readonly linkedId: string;
  readonly alias: string;
}

export function linksOf({ record }: ContainerHandle): readonly ContainerLink[] {
  return (record.hostConfig.Links ?? []).map((link) => {
    const [linkedId = '', alias = ''] = link.split(':');
    return { linkedId, alias };
  });
}

/** HostConfig.Links of inspect. A linked container that was removed is not shown. */
export function shownLinks(context: ContainerContext, handle: ContainerHandle): readonly string[] | null {
  const shown = linksOf(handle).flatMap(({ linkedId, alias }) => {
    const linked = context.store.get(linkedId);
    return linked ? [`/${linked.name}:/${handle.record.name}/${alias}`] : [];
  });
  return shown.length > 0 ? shown : null;
}

/** By ID of the linked container: the names that links give it, without the leading slash. */
export function namesByLink(handles: readonly ContainerHandle[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const handle of handles) {
    for (const { linkedId, alias } of linksOf(handle)) {
      const known = names.get(linkedId) ?? [];
      names.set(linkedId, [...known, `${handle.record.name}/${alias}`]);
    }
  }
  return names;
}
