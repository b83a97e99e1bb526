import type { EngineClient } from '../client/engine-client.ts';
import type { AppInfo } from '../contract/host-schemas.ts';
import type { ExtensionService } from '../extensions/extension-service.ts';
import type { PackageJobs } from '../extensions/package-jobs.ts';
import type { PluginService } from '../extensions/plugin-service.ts';
import type { EngineSupervisor } from '../machine/engine-supervisor.ts';
import { type CredentialStore, canonicalRegistry } from './credential-store.ts';
import { type DesktopFeatures, externalUrl } from './desktop-features.ts';
import type { HostHandlers } from './host-dispatch.ts';
import type { HostTerminals } from './host-terminals.ts';
import type { OwnRegistry } from './own-registry.ts';
import type { SettingsStore } from './settings-store.ts';

export interface HostServices {
  readonly info: AppInfo;
  readonly supervisor: EngineSupervisor;
  readonly engine: EngineClient;
  readonly settings: SettingsStore;
  readonly desktop: DesktopFeatures;
  readonly terminals: HostTerminals;
  readonly credentials: CredentialStore;
  readonly ownRegistry: OwnRegistry;
  readonly extensions: ExtensionService;
  readonly plugins: PluginService;
  readonly jobs: PackageJobs;
}

/** One handler for each method of the contract; nothing but delegation. */
export function createHostHandlers(services: HostServices): HostHandlers {
  const { supervisor, settings, desktop, terminals, credentials, extensions, plugins, jobs, ownRegistry } = services;
  return {
    'app.info': () => services.info,

    'engine.status': () => supervisor.status,
    'engine.repair': async () => {
      await supervisor.repair();
      return null;
    },
    'engine.restart': async () => {
      await supervisor.restart();
      return null;
    },
    'engine.logs': ({ lines }) => ({ lines: supervisor.logs(lines) }),

    'settings.get': () => settings.get(),
    'settings.set': async (patch) => {
      const next = await settings.set(patch);
      // A registry that runs goes on with what it was told now; why it can not is its status.
      if (patch.ownRegistry !== undefined) await ownRegistry.settingsChanged().catch(() => {});
      return next;
    },

    'dialog.openFile': (input) => desktop.openFile(input),
    'dialog.saveFile': (input) => desktop.saveFile(input),
    'shell.openExternal': async ({ url }) => {
      await desktop.openExternal(externalUrl(url));
      return null;
    },
    'clipboard.writeText': ({ text }) => {
      desktop.writeClipboard(text);
      return null;
    },
    'notification.show': (input) => {
      desktop.notify(input);
      return null;
    },

    'terminal.open': (input, caller) => terminals.open(input, settings.get().hostShell, caller.id),
    'terminal.write': ({ sessionId, data }, caller) => {
      terminals.write(sessionId, data, caller.id);
      return null;
    },
    'terminal.resize': ({ sessionId, cols, rows }, caller) => {
      terminals.resize(sessionId, cols, rows, caller.id);
      return null;
    },
    'terminal.close': ({ sessionId }, caller) => {
      terminals.close(sessionId, caller.id);
      return null;
    },

    'extensions.list': () => extensions.list(),
    'extensions.preview': ({ image, jobId }) => jobs.run(jobId, image, (job) => extensions.preview(image, job)),
    'extensions.install': ({ image, granted, jobId }) =>
      jobs.run(jobId, image, (job) => extensions.install(image, granted, job)),
    'extensions.uninstall': async ({ name, removeData }) => {
      await extensions.uninstall(name, removeData);
      return null;
    },
    'extensions.uiUrl': ({ name }) => extensions.uiUrl(name),
    'extensions.request': (request) => extensions.request(request),
    'extensions.docker': ({ name, operation, query }) => extensions.docker(name, operation, query),
    'extensions.exec': (input) => extensions.exec(input),
    'extensions.execStream': async ({ execId, ...input }, caller) => {
      await extensions.execStream(input, execId, caller.id);
      return null;
    },
    'extensions.execKill': ({ execId }) => {
      extensions.execKill(execId);
      return null;
    },
    'extensions.audit': ({ name }) => extensions.audit(name),

    'plugins.list': () => plugins.list(),
    'plugins.preview': ({ image, jobId }) => jobs.run(jobId, image, (job) => plugins.preview(image, job)),
    'plugins.install': ({ image, granted, jobId }) =>
      jobs.run(jobId, image, (job) => plugins.install(image, granted, job)),
    'plugins.start': ({ name }) => plugins.start(name),
    'plugins.stop': ({ name }) => plugins.stop(name),
    'plugins.uninstall': async ({ name, removeData }) => {
      await plugins.uninstall(name, removeData);
      return null;
    },
    'jobs.cancel': ({ jobId }) => {
      jobs.cancel(jobId);
      return null;
    },

    'registry.status': () => ownRegistry.status,
    'registry.start': () => ownRegistry.start(),
    'registry.stop': () => ownRegistry.stop(),
    'registry.users': () => ownRegistry.users(),
    'registry.addUser': ({ name, password }) => ownRegistry.addUser(name, password),
    'registry.removeUser': ({ name }) => ownRegistry.removeUser(name),

    'credentials.list': () => credentials.list(),
    'credentials.save': async ({ registry, username, secret }) => {
      const serveraddress = canonicalRegistry(registry);
      await services.engine.call('SystemAuth', { body: { username, password: secret, serveraddress } });
      return await credentials.save(serveraddress, username, secret);
    },
    'credentials.remove': async ({ registry }) => {
      await credentials.remove(registry);
      return null;
    },
  };
}
