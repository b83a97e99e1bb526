import { arch, hostname } from 'node:os';
import path from 'node:path';
import { createEngineClient, type EngineClient } from '../client/engine-client.ts';
import type { Transport } from '../client/transport.ts';
import type { AppInfo, Capabilities, Settings } from '../contract/host-schemas.ts';
import { ddClientScript } from '../extensions/dd-client.ts';
import { ExtensionService } from '../extensions/extension-service.ts';
import { PackageJobs } from '../extensions/package-jobs.ts';
import { PluginService } from '../extensions/plugin-service.ts';
import type { EngineEndpoint } from '../machine/engine-endpoint.ts';
import { formatEngineHost } from '../machine/engine-endpoint.ts';
import { createEngineSupervisor, type EngineSupervisor } from '../machine/engine-supervisor.ts';
import { hostPlatform } from '../machine/host-platform.ts';
import { localEngineDriver } from '../machine/local-engine.ts';
import { CredentialStore } from './credential-store.ts';
import type { DesktopFeatures } from './desktop-features.ts';
import { ExtensionUiServer } from './extension-ui-server.ts';
import { createHostDispatch, type HostDispatch } from './host-dispatch.ts';
import { HostEvents } from './host-events.ts';
import { createHostHandlers } from './host-handlers.ts';
import { HostTerminals } from './host-terminals.ts';
import { OwnRegistry } from './own-registry.ts';
import type { SecretBox } from './secret-box.ts';
import { engineArgs, engineEnv, SettingsStore } from './settings-store.ts';

export interface HostOptions {
  readonly kind: AppInfo['kind'];
  readonly version: string;
  /** $WHARF_HOME. */
  readonly home: string;
  readonly endpoint: EngineEndpoint;
  /** Builds what windows get to see of the engine: the relay around a plain transport, with the user's sign-ins. */
  readonly createRelay: (signIns: {
    registryAuth(image: string): string | undefined;
    registryConfig(): string | undefined;
  }) => Transport;
  /** wharfd, and more flags for it. Undefined: attach to an engine somebody else looks after. */
  readonly daemon: { readonly bin: string; readonly args: readonly string[] } | undefined;
  /** The registry server's program. */
  readonly registryBin: string;
  /** Program and first arguments of the `wharf` command. */
  readonly wharfCommand: readonly [string, ...string[]];
  readonly desktop: DesktopFeatures;
  readonly secretBox: SecretBox;
  readonly capabilities: Pick<
    Capabilities,
    'fileDialogs' | 'tray' | 'startAtLogin' | 'notifications' | 'systemKeyStore'
  >;
  readonly settingsChanged?: (settings: Settings) => void;
  readonly reportError: (error: unknown) => void;
}

/** Everything a host of the renderer has, whether its windows are Electron's or a browser's. */
export interface Host extends AsyncDisposable {
  readonly dispatch: HostDispatch;
  readonly events: HostEvents;
  readonly terminals: HostTerminals;
  readonly supervisor: EngineSupervisor;
  readonly settings: SettingsStore;
  readonly relay: Transport;
  readonly engine: EngineClient;
  readonly extensionUi: ExtensionUiServer;
  readonly info: AppInfo;
}

export async function createHost(options: HostOptions): Promise<Host> {
  const { home, endpoint, desktop } = options;
  const platform = hostPlatform();
  const events = new HostEvents();
  const settings = await SettingsStore.open(home, (changed) => {
    events.emit('settings.changed', changed);
    options.settingsChanged?.(changed);
  });
  const credentials = await CredentialStore.open(home, options.secretBox);
  const relay = options.createRelay({
    registryAuth: (image) => credentials.authHeaderFor(image),
    registryConfig: () => credentials.configHeader(),
  });
  const engine = createEngineClient(relay);
  const supervisor = createSupervisor(options, settings);
  supervisor.onStatus((status) => events.emit('engine.status', status));
  const terminals = new HostTerminals(events);
  const engineHost = formatEngineHost(endpoint);
  const engineSocket = endpoint.kind === 'unix' ? endpoint.path : undefined;
  const extensions: ExtensionService = new ExtensionService({
    ...{ engine, home, platform, engineSocket, engineHost },
    wharfCommand: options.wharfCommand,
    emit: (event, payload, to) => events.emit(event, payload, to),
    uiOrigin: async (name) => extensionUi.originOf(name),
  });
  const plugins = new PluginService({
    engine,
    engineSocket,
    changed: (name) => events.emit('plugins.changed', { name }),
  });
  const ownRegistry = new OwnRegistry({
    home,
    bin: options.registryBin,
    settings: () => settings.get().ownRegistry,
    changed: (status) => events.emit('registry.status', status),
  });
  const jobs = new PackageJobs((progress) => events.emit('jobs.progress', progress));
  const extensionUi = await ExtensionUiServer.start({ home, lookUp: (name) => lookUpPage(extensions, name) });
  const info: AppInfo = {
    ...{ kind: options.kind, version: options.version, platform, arch: arch(), hostname: hostname() },
    engineEndpoint: engineHost,
    capabilities: {
      ...options.capabilities,
      hostTerminal: true,
      engineControl: options.daemon !== undefined && endpoint.kind === 'unix',
      extensions: true,
    },
  };
  const dispatch = createHostDispatch(
    createHostHandlers({
      ...{
        info,
        supervisor,
        engine,
        settings,
        desktop,
        terminals,
        credentials,
        extensions,
        plugins,
        jobs,
        ownRegistry,
      },
    }),
    options.reportError,
  );
  // Why it did not start is its status; the app comes up all the same.
  if (settings.get().ownRegistry.startWithApp) void ownRegistry.start().catch(() => {});
  return {
    ...{ dispatch, events, terminals, supervisor, settings, relay, engine, extensionUi, info },
    async [Symbol.asyncDispose]() {
      terminals[Symbol.dispose]();
      await ownRegistry[Symbol.asyncDispose]();
      await extensionUi[Symbol.asyncDispose]();
      await supervisor.stop();
    },
  };
}

function createSupervisor(options: HostOptions, settings: SettingsStore): EngineSupervisor {
  const { daemon, endpoint } = options;
  const driver =
    daemon === undefined
      ? undefined
      : localEngineDriver({
          bin: daemon.bin,
          endpoint,
          args: () => [...daemon.args, ...engineArgs(settings.get())],
          env: () => engineEnv(settings.get(), process.env),
        });
  return createEngineSupervisor({ endpoint, driver });
}

async function lookUpPage(extensions: ExtensionService, name: string) {
  const record = await extensions.store.find(name);
  if (record === undefined || record.ui === null) return undefined;
  const script = ddClientScript({
    image: record.image,
    hasVm: record.services.length > 0,
    hasService: record.socket !== null,
    hasHost: record.granted.hostBinaries.length > 0,
    platform: hostPlatform(),
    arch: arch(),
    hostname: hostname(),
  });
  return { folder: path.join(extensions.store.folder(name), 'ui'), script };
}
