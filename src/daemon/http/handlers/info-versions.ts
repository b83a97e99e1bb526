/** What older API versions had in `GET /info`, and did not have yet (moby's rules). Pure. */
import type { SystemInfo } from '../../../contract/engine-types.ts';
import { compareVersions } from '../api-version.ts';

export function infoOfVersion(info: SystemInfo, apiVersion: string): SystemInfo {
  const isBefore = (version: string) => compareVersions(apiVersion, version) < 0;
  if (!isBefore('1.50')) return info;
  return {
    ...info,
    // Always false, as dockerd has it since it no longer asks for the kernel's bridge filter by itself.
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
    ...(isBefore('1.49') ? olderCommits(info) : {}),
    ...(isBefore('1.47') ? { RegistryConfig: { ...info.RegistryConfig, ...noNondistributable } } : {}),
    ...(isBefore('1.44') ? { Runtimes: withoutStatus(info.Runtimes) } : {}),
    ...(isBefore('1.25') ? { SecurityOptions: info.SecurityOptions.map(nameAlone) } : {}),
  };
}

/** Which version was expected could differ from what was found, once; and there was one kind of firewall. */
function olderCommits({ ContainerdCommit, RuncCommit, InitCommit }: SystemInfo): Partial<SystemInfo> {
  const expected = <C extends { readonly ID: string }>(commit: C) =>
    commit.ID === '' ? commit : { ...commit, Expected: commit.ID };
  return {
    ContainerdCommit: expected(ContainerdCommit),
    RuncCommit: expected(RuncCommit),
    InitCommit: expected(InitCommit),
    FirewallBackend: undefined,
  };
}

const noNondistributable = {
  AllowNondistributableArtifactsCIDRs: null,
  AllowNondistributableArtifactsHostnames: null,
};

function withoutStatus(runtimes: SystemInfo['Runtimes']): SystemInfo['Runtimes'] {
  return Object.fromEntries(Object.entries(runtimes).map(([name, { status: _, ...runtime }]) => [name, runtime]));
}

/** 'name=seccomp,profile=builtin' */
function nameAlone(option: string): string {
  return /^name=([^,]*)/.exec(option)?.[1] ?? option;
}
