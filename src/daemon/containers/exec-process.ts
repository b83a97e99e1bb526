import type { ExecConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { overlayEnv } from '../images/run-config-changes.ts';
import { effectiveCapabilities } from '../runtime/capability-sets.ts';
import type { RuntimeProcess } from '../runtime/runtime.ts';
import { processCapabilities } from '../runtime/runtime-spec.ts';
import { rlimits } from '../runtime/spec-rlimits.ts';
import { lookupUser } from '../runtime/user-lookup.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { linkEnvOf } from './container-links.ts';
import { plainSettings, runtimeUlimits } from './container-settings.ts';
import { isLive } from './container-state.ts';
import { processEnv } from './process-env.ts';
import { hostnameOf } from './sandbox-request.ts';
import { parseSecurityOptions } from './security-options.ts';

/** The process of an exec: the container's own settings with the exec's over them. */
export async function execProcess(
  context: ContainerContext,
  { id, record, state }: ContainerHandle,
  exec: ExecConfig,
): Promise<RuntimeProcess> {
  if (!isLive(state)) throw new WharfError('container.not-running', `container ${id} is not running`);
  const { config, hostConfig } = record;
  // Its root as it is now: the container may have added the user itself.
  const root = `/proc/${state.pid}/root`;
  const user = lookupUser(root, exec.User || config.User || '', exec.User ? [] : (hostConfig.GroupAdd ?? []));
  const tty = exec.Tty ?? false;
  const [rows = 0, columns = 0] = exec.ConsoleSize ?? [];
  const privileged = hostConfig.Privileged || exec.Privileged || false;
  const capabilities = effectiveCapabilities(
    { capAdd: hostConfig.CapAdd ?? [], capDrop: hostConfig.CapDrop ?? [], privileged },
    context.machine,
  );
  const facts = { hostname: hostnameOf(record), home: user.home, tty, links: linkEnvOf(context, { id, record }) };
  return {
    terminal: tty,
    ...(tty && rows > 0 && columns > 0 ? { consoleSize: { height: rows, width: columns } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: exec.Cmd ?? [],
    env: processEnv(overlayEnv(config.Env ?? [], exec.Env ?? []), facts),
    cwd: exec.WorkingDir || config.WorkingDir || '/',
    capabilities: processCapabilities(capabilities, user.uid),
    rlimits: rlimits(runtimeUlimits(hostConfig, context.defaults.settings?.() ?? plainSettings)),
    noNewPrivileges: parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges,
  };
}
