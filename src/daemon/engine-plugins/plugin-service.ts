/** What HTTP handlers may ask of the managed plugins. Implemented in this folder. */
import type { Readable } from 'node:stream';
import type { Plugin, PluginPrivilege } from '../../contract/types/plugins.ts';
import type { RegistryAuth } from '../../registry/client/registry-client.ts';
import type { PluginProgress } from './plugin-transfer.ts';

export interface PluginPullOptions {
  readonly auth: RegistryAuth | undefined;
  readonly privileges: readonly PluginPrivilege[];
  readonly signal: AbortSignal;
  onProgress(message: PluginProgress): void;
}

export interface PluginService {
  list(filters: ReadonlyMap<string, readonly string[]>): readonly Plugin[];
  /** By name or ID, as everywhere here. @throws WharfError 'plugin.not-found' | 'plugin.ambiguous' */
  inspect(nameOrId: string): Plugin;
  /** What installing it would have to be agreed to. */
  privileges(
    remote: string,
    options: { readonly auth: RegistryAuth | undefined; readonly signal: AbortSignal },
  ): Promise<readonly PluginPrivilege[]>;
  /** @param name '' for the remote's own. @throws WharfError 'plugin.conflict' when it is taken */
  pull(remote: string, name: string, options: PluginPullOptions): Promise<void>;
  /** `archive`: a tar of config.json and rootfs/. */
  create(name: string, archive: Readable, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Answers when it listens. @throws WharfError 'plugin.conflict' when it is enabled already */
  enable(nameOrId: string, options: { readonly timeoutSeconds: number }): Promise<void>;
  /** @throws WharfError 'plugin.conflict' when something uses it, unless forced */
  disable(nameOrId: string, options: { readonly force: boolean }): Promise<void>;
  set(nameOrId: string, settings: readonly string[]): Promise<void>;
  remove(nameOrId: string, options: { readonly force: boolean }): Promise<Plugin>;
  upgrade(nameOrId: string, remote: string, options: PluginPullOptions): Promise<void>;
  push(nameOrId: string, options: Omit<PluginPullOptions, 'privileges'>): Promise<void>;
  /** At the daemon's start: those that are enabled run again. */
  restore(): Promise<void>;
  /** At its end. Running ones go on, or are stopped. */
  close(options: { readonly stop: boolean }): Promise<void>;
}
