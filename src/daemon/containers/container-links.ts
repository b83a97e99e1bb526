/**
 * Docker's old links (`--link name:alias`). A record keeps each as `<container ID>:<alias>`; clients see them as
 * `/<name>:/<own name>/<alias>`, and the linked container has `<own name>/<alias>` among its names.
 */

import type { HostConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { NetworkService } from '../networks/network-service.ts';
import { invalidConfig } from './config-refusal.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { type ContainerStore, noSuchContainer } from './container-store.ts';
import { linkEnv } from './link-env.ts';

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

export function linksOf({ record }: Pick<ContainerHandle, 'record'>): readonly ContainerLink[] {
  return (record.hostConfig.Links ?? []).map((link) => {
    const [linkedId = '', alias = ''] = link.split(':');
    return { linkedId, alias };
  });
}

/** `<name>/<alias>`: the container that a link of the named one leads to. */
export function idByLink(store: ContainerStore, ref: string): string | undefined {
  const [parent = '', alias, ...rest] = ref.replace(/^\//, '').split('/');
  const id = alias === undefined || rest.length > 0 ? undefined : store.idOfName(parent);
  const links = (id === undefined ? undefined : store.get(id))?.record.hostConfig.Links ?? [];
  const linkedId = links.find((link) => link.split(':')[1] === alias)?.split(':')[0];
  return linkedId === undefined || store.get(linkedId) === undefined ? undefined : linkedId;
}

/**
 * What its links put into a container's environment: they are of the default bridge alone. Linked ones that do not run have
 * no address there, and are left out.
 */
export function linkEnvOf(
  context: ContainerContext,
  handle: Pick<ContainerHandle, 'id' | 'record'>,
): readonly string[] {
  const addressOf = (id: string) => context.networks.sandbox(id)?.endpoints.bridge?.IPAddress;
  if (!handle.record.hostConfig.Links?.length || !addressOf(handle.id)) return [];
  return linksOf(handle).flatMap(({ linkedId, alias }) => {
    const config = context.store.get(linkedId)?.record.config;
    const address = addressOf(linkedId);
    if (config === undefined || !address) return [];
    const linkName = `/${handle.record.name}/${alias}`;
    return linkEnv({ linkName, address, env: config.Env ?? [], exposedPorts: Object.keys(config.ExposedPorts ?? {}) });
  });
}

/** dockerd opens the linked container's ports then; here the ports of such a bridge hear nothing of each other. */
export function linkWarnings(
  networks: Pick<NetworkService, 'list'>,
  { Links, NetworkMode }: HostConfig,
): readonly string[] {
  if (!Links?.length || NetworkMode !== 'bridge') return [];
  const bridge = networks.list(new Map(), { containers: false }).find(({ Name }) => Name === 'bridge');
  if (bridge?.Options?.['com.docker.network.bridge.enable_icc'] !== 'false') return [];
  return ['Links open no ports between containers while the default bridge keeps them apart (--icc=false).'];
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

/**
 * DELETE /containers/{name}/{alias}?link=1: takes a link away.
 * @throws WharfError in Docker's words when the name is a container's own or names no link
 */
export async function removeLink(context: ContainerContext, ref: string): Promise<void> {
  const path = ref.replace(/^\//, '');
  const slash = path.lastIndexOf('/');
  if (slash === -1) {
    context.find(path);
    throw new WharfError('request.conflict', 'Conflict, cannot remove the default link name of the container', {
      status: 500,
    });
  }
  const handle = context.find(path.slice(0, slash));
  const alias = path.slice(slash + 1);
  await handle.queue.run(async () => {
    const { record } = handle;
    const links = record.hostConfig.Links ?? [];
    const kept = links.filter((link) => link.split(':')[1] !== alias);
    if (kept.length === links.length) throw noSuchContainer(ref);
    const Links = kept.length > 0 ? kept : null;
    context.store.setRecord({ ...record, hostConfig: { ...record.hostConfig, Links } });
  });
}
