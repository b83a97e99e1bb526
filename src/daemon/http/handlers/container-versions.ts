/** What older API versions make of a container's settings (moby's rules); networks and mounts have files of their own. Pure. */
import type { ContainerCreateRequest, HostConfig } from '../../../contract/engine-types.ts';
import { compareVersions } from '../api-version.ts';

/** Fields that came later are overlooked; where the default became another one, older clients get the old one. */
export function settingsOfVersion(body: ContainerCreateRequest, apiVersion: string): ContainerCreateRequest {
  const isBefore = (version: string) => compareVersions(apiVersion, version) < 0;
  if (!isBefore('1.44')) return body;
  const { Healthcheck: healthcheck } = body;
  return {
    ...body,
    ...(healthcheck ? { Healthcheck: { ...healthcheck, StartInterval: 0 } } : {}),
    HostConfig: olderHostConfig(body.HostConfig ?? {}, isBefore),
  };
}

/** docker-py's `create_container(runtime=…)` says it beside HostConfig, where dockerd overlooks it. HostConfig's own goes first. */
export function withRuntime({ Runtime, ...body }: ContainerCreateRequest): ContainerCreateRequest {
  if (!Runtime || body.HostConfig?.Runtime) return body;
  return { ...body, HostConfig: { ...body.HostConfig, Runtime } };
}

function olderHostConfig(given: HostConfig, isBefore: (version: string) => boolean): HostConfig {
  return {
    ...given,
    ...(isBefore('1.43') ? { Annotations: undefined } : {}),
    ...(isBefore('1.42') ? { ConsoleSize: [0, 0] } : {}),
    // A container's memory could be shared with others unless it said otherwise.
    ...(isBefore('1.40') ? { IpcMode: given.IpcMode || 'shareable', KernelMemoryTCP: 0 } : {}),
    // The client removed the container itself.
    ...(isBefore('1.25') ? { AutoRemove: false } : {}),
  };
}

/** A limit of processes could not be changed at first. */
export function updateOfVersion<U extends { readonly PidsLimit?: number | null }>(update: U, apiVersion: string): U {
  return compareVersions(apiVersion, '1.40') < 0 ? { ...update, PidsLimit: undefined } : update;
}
