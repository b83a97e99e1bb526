import path from 'node:path';
import { systemEngineHost } from './default-engine-host.ts';
import { type EngineDriver, unsupportedDriver } from './engine-driver.ts';
import { type EngineEndpoint, formatEngineHost } from './engine-endpoint.ts';
import { linuxNativeDriver } from './linux-native-driver.ts';

export interface LocalEngineOptions {
  /** The wharfd program of this installation. */
  readonly bin: string;
  /** More flags for wharfd (--registry-fallback …). */
  readonly args?: () => readonly string[];
  readonly endpoint: EngineEndpoint;
  readonly platform?: NodeJS.Platform;
  readonly env?: () => NodeJS.ProcessEnv;
}

/**
 * The driver that can bring up an engine at this endpoint, or undefined when it is somebody else's to look after
 * (a TCP endpoint).
 */
export function localEngineDriver(options: LocalEngineOptions): EngineDriver | undefined {
  const { endpoint } = options;
  if (endpoint.kind === 'tcp') return undefined;
  const platform = options.platform ?? process.platform;
  if (platform !== 'linux') return unsupportedDriver(platform);
  const host = formatEngineHost(endpoint);
  const listen = host === systemEngineHost ? [] : ['-H', host];
  const execRoot = host === systemEngineHost ? '/run/wharf' : path.dirname(endpoint.path);
  // Root's engine is not an ordinary user's to start; their own is.
  const rootless = isOrdinaryUser() && host !== systemEngineHost ? ['--rootless', '--exec-root', execRoot] : [];
  return linuxNativeDriver({
    bin: options.bin,
    args: () => [...rootless, ...listen, ...(options.args?.() ?? [])],
    env: options.env,
    pidFile: path.join(execRoot, 'wharfd.pid'),
  });
}

function isOrdinaryUser(): boolean {
  return (process.getuid?.() ?? 0) !== 0;
}
