/** Which engine of this machine is meant when nobody says. */
import { accessSync, constants, existsSync } from 'node:fs';

/** Where the engine of the machine's root listens. */
export const systemEngineHost = 'unix:///run/wharf/wharf.sock';

export interface EngineSeeker {
  readonly uid: number;
  readonly runtimeDir: string | undefined;
  /** Whether the user may talk to a socket. */
  readonly mayUse: (socket: string) => boolean;
}

/**
 * Root's engine, for root and whoever may use its socket; else the user's own (`wharfd --rootless`), whether it runs or not.
 * Pure but for `mayUse`.
 */
export function chooseEngineHost({ uid, runtimeDir, mayUse }: EngineSeeker): string {
  if (uid === 0 || runtimeDir === undefined || mayUse(systemEngineHost.slice('unix://'.length)))
    return systemEngineHost;
  return `unix://${runtimeDir}/wharf/wharf.sock`;
}

export function defaultEngineHost(env: NodeJS.ProcessEnv = process.env): string {
  const uid = process.getuid?.() ?? 0;
  const given = env.XDG_RUNTIME_DIR;
  const usual = `/run/user/${uid}`;
  const runtimeDir = given?.startsWith('/') ? given.replace(/\/+$/, '') : existsSync(usual) ? usual : undefined;
  return chooseEngineHost({ uid, runtimeDir, mayUse: isWritable });
}

/** Connecting to a UNIX socket needs permission to write. */
function isWritable(socket: string): boolean {
  try {
    accessSync(socket, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
