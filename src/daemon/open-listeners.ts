/** Where the API listens, put together: addresses, systemd's sockets, certificates, one server each. */
import type { TlsOptions } from 'node:tls';
import type { DaemonOptions } from './daemon-options.ts';
import { createHandlers } from './http/handlers/all-handlers.ts';
import type { EngineServices } from './http/handlers/engine-services.ts';
import { createEngineServer } from './http/http-server.ts';
import { checkListenAddress, type Listener, type ListenTarget, listenOn } from './http/listen.ts';
import { createIdleMemory } from './idle-memory.ts';
import type { LevelledLogger } from './logger.ts';
import type { ListenAddress } from './options/listen-address.ts';
import type { RootlessSeat } from './run-rootless.ts';
import { buildInfo } from './system/build-info.ts';
import { chooseSockets, type InheritedSocket } from './system/inherited-sockets.ts';
import { readServerTls } from './system/server-tls.ts';

export interface ListenPlan {
  readonly targets: readonly ListenTarget[];
  readonly tls: TlsOptions | undefined;
}

/**
 * What to listen on, checked before anything is started.
 * @throws WharfError 'request.invalid' | 'request.conflict'
 */
export async function planListeners(
  options: DaemonOptions,
  inherited: readonly InheritedSocket[],
): Promise<ListenPlan> {
  const targets = uniqueAddresses(options.hosts).flatMap((address): readonly ListenTarget[] =>
    address.kind === 'fd'
      ? chooseSockets(inherited, address.name).map((socket) => ({ kind: 'fd', ...socket }))
      : [address],
  );
  for (const target of targets) await checkListenAddress(target, options.group);
  return { targets, tls: options.tls === undefined ? undefined : readServerTls(options.tls) };
}

/** One that is given twice, in the file and on the command line say, is listened on once. */
export function uniqueAddresses(addresses: readonly ListenAddress[]): readonly ListenAddress[] {
  return [...new Map(addresses.map((address) => [JSON.stringify(address), address])).values()];
}

export async function openListeners(
  { targets, tls }: ListenPlan,
  {
    options,
    services,
    log,
    rootless,
  }: {
    readonly options: DaemonOptions;
    readonly services: EngineServices;
    readonly log: LevelledLogger;
    readonly rootless: RootlessSeat | undefined;
  },
): Promise<readonly Listener[]> {
  const handlers = createHandlers(services);
  const { experimental } = options;
  const listeners: Listener[] = [];
  const idle = createIdleMemory((error) => log.warn('Memory could not be given back.', { error }));
  try {
    for (const target of targets) {
      const onTcp = target.kind === 'tcp' || (target.kind === 'fd' && target.tcp);
      const server = createEngineServer({
        handlers,
        log,
        engineVersion: buildInfo.version,
        experimental,
        authorization: services.authorization,
        reachableByBrowsers: onTcp,
        tls: onTcp ? tls : undefined,
      });
      idle.watch(server);
      const listener = await listenOn(server, target, options.group, rootless?.sockets);
      listeners.push(listener);
      if (onTcp) warnOfTcp(options, listener.address, log);
    }
  } catch (error) {
    for (const listener of listeners) listener.stopListening();
    throw error;
  }
  return listeners;
}

function warnOfTcp({ tls }: DaemonOptions, address: string, log: LevelledLogger): void {
  if (tls === undefined) {
    log.warn('The API listens on TCP without encryption: whoever reaches it has root here.', { address });
  } else if (!tls.verify) {
    log.warn('The API listens on TCP without verifying clients: whoever reaches it has root here.', { address });
  }
}
