import path from 'node:path';
import { createSocketTransport, parseEngineAddress } from '../client/node/socket-transport.ts';
import { WharfError } from '../contract/errors.ts';
import { createHost } from '../host/create-host.ts';
import { noDesktopFeatures } from '../host/desktop-features.ts';
import { keyFileBox } from '../host/secret-box.ts';
import { listStaticFiles } from '../host/static-files.ts';
import { readIfThere, writeAtomic } from '../machine/atomic-file.ts';
import { formatEngineHost, resolveEngineEndpoint } from '../machine/engine-endpoint.ts';
import { wharfHome } from '../machine/wharf-home.ts';
import type { GatewayArguments } from './gateway-options.ts';
import { type Gateway, startGateway } from './gateway-server.ts';
import { createEngineRelay } from './relay.ts';
import { SignInLinks } from './sign-in-links.ts';
import { WebSessions } from './web-sessions.ts';

/** Where this installation keeps its parts. */
export interface Installation {
  readonly version: string;
  /** Folder of the built renderer. */
  readonly renderer: string;
  /** The registry server's program. */
  readonly registryBin: string;
  /** Program and first arguments of the `wharf` command. */
  readonly wharfCommand: readonly [string, ...string[]];
}

export interface WebHost extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly engineHost: string;
}

const runningFile = (home: string) => path.join(home, 'gateway', 'running.json');
const linksFolder = (home: string) => path.join(home, 'gateway', 'links');

/** Wires the web host: the shared host services, the relay and the HTTP server. */
export async function startWebHost(args: GatewayArguments, installation: Installation): Promise<WebHost> {
  const home = wharfHome();
  const { endpoint } = await resolveEngineEndpoint({ flag: args.engine });
  const engineHost = formatEngineHost(endpoint);
  const transport = createSocketTransport(parseEngineAddress(engineHost));
  await using cleanup = new AsyncDisposableStack();
  const host = cleanup.use(
    await createHost({
      kind: 'web',
      version: installation.version,
      home,
      endpoint,
      createRelay: (signIns) => createEngineRelay(transport, signIns),
      daemon: args.daemon === undefined ? undefined : { bin: args.daemon, args: args.daemonArgs },
      registryBin: installation.registryBin,
      wharfCommand: installation.wharfCommand,
      desktop: noDesktopFeatures(),
      secretBox: await keyFileBox(home),
      capabilities: {
        fileDialogs: false,
        tray: false,
        startAtLogin: false,
        notifications: false,
        systemKeyStore: false,
      },
      reportError: (error) => console.error(error),
    }),
  );
  host.supervisor.start();
  const gateway = cleanup.use(
    await startGateway({
      host: args.host,
      port: args.port,
      files: await listStaticFiles(args.renderer ?? installation.renderer),
      relay: host.relay,
      dispatch: host.dispatch,
      events: host.events,
      terminals: host.terminals,
      sessions: await WebSessions.open(path.join(home, 'gateway', 'sessions.json')),
      links: new SignInLinks(linksFolder(home)),
      frameSources: [host.extensionUi.frameSource],
    }),
  );
  await writeAtomic(runningFile(home), JSON.stringify({ pid: process.pid, origin: gateway.origin }));
  const parts = cleanup.move();
  return { gateway, engineHost, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/**
 * A fresh sign-in link for the web host that runs already.
 *
 * @throws WharfError 'daemon.unreachable' when none runs
 */
export async function newLinkOfRunningHost(): Promise<string> {
  const home = wharfHome();
  const running: unknown = JSON.parse((await readIfThere(runningFile(home))) ?? '{}');
  if (
    typeof running !== 'object' ||
    running === null ||
    !('pid' in running && typeof running.pid === 'number' && isAlive(running.pid)) ||
    !('origin' in running && typeof running.origin === 'string')
  ) {
    throw new WharfError('daemon.unreachable', 'no web host is running', { hint: 'Start one with `wharf web`.' });
  }
  return `${running.origin}/sign-in?token=${await new SignInLinks(linksFolder(home)).create()}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
