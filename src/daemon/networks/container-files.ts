/** The three network files of one container, out of its sandbox's record. */
import { copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { resolverAddress } from './dns-server.ts';
import type { SandboxRecord } from './network-store.ts';
import {
  effectiveResolver,
  formatHosts,
  formatResolvConf,
  parseExtraHost,
  readHostResolverConfig,
  readIfThere,
  withOwnResolver,
  writeSandboxFiles,
} from './sandbox-files.ts';
import { ownHostsEntries } from './sandbox-record.ts';

export interface FilesSituation {
  /** Host networking: the host's own files, with what the container adds. */
  readonly isHost: boolean;
  /** The daemon's resolver serves this container. */
  readonly ownResolver: boolean;
  /** What 'host-gateway' stands for. */
  readonly hostGateways: readonly string[];
}

export function writeContainerFiles(record: SandboxRecord, situation: FilesSituation): void {
  writeSandboxFiles(record.filesDir, { ...texts(record, situation), hostname: `${record.hostname}\n` });
}

/** After connect and disconnect: addresses and resolvers change, the host name never does. */
export function rewriteContainerFiles(record: SandboxRecord, situation: FilesSituation): void {
  writeSandboxFiles(record.filesDir, texts(record, situation));
}

function texts(
  record: SandboxRecord,
  situation: FilesSituation,
): { readonly resolvConf: string; readonly hosts: string } {
  const resolver = effectiveResolver(readHostResolverConfig(), record);
  const extra = record.extraHosts.flatMap((text) => parseExtraHost(text, situation.hostGateways));
  if (situation.isHost) {
    const own = record.dns.length + record.dnsSearch.length + record.dnsOptions.length > 0;
    const lines = extra.map(({ address, names }) => `${address}\t${names.join(' ')}\n`).join('');
    return {
      // The host's loopback resolvers do work here.
      resolvConf: own ? formatResolvConf(resolver) : (readIfThere('/etc/resolv.conf') ?? formatResolvConf(resolver)),
      hosts: `${(readIfThere('/etc/hosts') ?? formatHosts([])).trimEnd()}\n${lines}`,
    };
  }
  const links = record.links.filter((link) => link.address !== '');
  return {
    resolvConf: formatResolvConf(situation.ownResolver ? withOwnResolver(resolver, resolverAddress) : resolver),
    hosts: formatHosts([...links, ...extra, ...ownHostsEntries(record)]),
  };
}

/** For containers in another's network: one inode each, so that later changes are seen by both. */
export function shareContainerFiles(fromDir: string, toDir: string): void {
  mkdirSync(toDir, { recursive: true, mode: 0o711 });
  for (const name of ['resolv.conf', 'hosts', 'hostname']) shareFile(join(fromDir, name), join(toDir, name));
}

/** A copy where links can not be made. */
function shareFile(source: string, target: string): void {
  rmSync(target, { force: true });
  try {
    linkSync(source, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EXDEV' || error.code === 'EPERM'))) throw error;
    copyFileSync(source, target);
  }
}
