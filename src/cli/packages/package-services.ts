import type { PackagePreview, Permissions } from '../../contract/host-schemas.ts';
import { ExtensionService } from '../../extensions/extension-service.ts';
import type { PackageJob } from '../../extensions/package-jobs.ts';
import { PluginService } from '../../extensions/plugin-service.ts';
import { hostPlatform } from '../../machine/host-platform.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { productRoot } from '../product-files.ts';

/** The desktop app's own services, so that what the command line installs is there in the app and the other way round. */
export async function extensionService<T extends FlagTable>(ctx: CommandContext<T>): Promise<ExtensionService> {
  const engineHost = await ctx.engineAddress();
  return new ExtensionService({
    engine: await ctx.engine(),
    home: ctx.home.dir,
    platform: hostPlatform(),
    engineHost,
    engineSocket: socketOf(engineHost),
    wharfCommand: [`${productRoot}/bin/wharf`],
    // The app learns of changes from the engine's events; there is nobody else to tell.
    emit: () => undefined,
    uiOrigin: async (name) => `http://${name}.localhost`,
  });
}

export async function pluginService<T extends FlagTable>(ctx: CommandContext<T>): Promise<PluginService> {
  return new PluginService({
    engine: await ctx.engine(),
    engineSocket: socketOf(await ctx.engineAddress()),
    changed: () => undefined,
  });
}

function socketOf(address: string): string | undefined {
  return address.startsWith('unix://') ? address.slice('unix://'.length) : undefined;
}

/** A job that prints each phase once. */
export function printedJob<T extends FlagTable>(ctx: CommandContext<T>): PackageJob {
  let last = '';
  return {
    signal: ctx.signal,
    progress(phase, message) {
      const line = phase === 'pulling' ? 'Pulling the image' : message;
      if (line === last || line === '') return;
      last = line;
      void ctx.terminal.err(`${line}\n`);
    },
  };
}

/** What a package may do, one thing a line, for the question before it is installed. */
export function permissionLines({ title, version, vendor, permissions }: PackagePreview): string[] {
  const by = vendor === '' ? '' : ` by ${vendor}`;
  const wants = describe(permissions);
  return [
    `${title} ${version}${by}`,
    ...(wants.length === 0
      ? ['It asks for nothing of this machine.']
      : ['It may:', ...wants.map((line) => `  - ${line}`)]),
  ];
}

function describe(permissions: Permissions): string[] {
  const each = (items: readonly string[], text: (item: string) => string): string[] => items.map(text);
  return [
    ...each(permissions.hostBinaries, (item) => `run its program ${item} on this machine as you`),
    ...(permissions.dockerCli ? ['run docker commands: see and change all containers, images and volumes'] : []),
    ...each(permissions.sockets, (item) => `use the socket ${item}`),
    ...each(permissions.mounts, (item) => `mount ${item}`),
    ...each(permissions.volumes, (item) => `keep data in the volume ${item}`),
    ...each(permissions.ports, (item) => `publish the port ${item}`),
    ...(permissions.network === 'host'
      ? ['use the network of this machine']
      : permissions.network === 'bridge'
        ? ['use the network']
        : []),
    ...(permissions.privileged ? ['run privileged: it has all rights of root on this machine'] : []),
    ...each(permissions.capabilities, (item) => `use the capability ${item}`),
  ];
}
