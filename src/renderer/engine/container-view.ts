import type { ContainerInspect, ContainerSummary, MountPoint, Port } from '../../contract/engine-types.ts';

export type ShownStatus = 'running' | 'starting' | 'paused' | 'unhealthy' | 'exited' | 'failed' | 'created' | 'unknown';

/** What the pages call a container: its name without the slash. */
export function nameOf(container: Pick<ContainerSummary, 'Names' | 'Id'>): string {
  return container.Names[0]?.replace(/^\//, '') ?? container.Id.slice(0, 12);
}

/** Exit code out of "Exited (137) 2 minutes ago"; undefined while it has none. */
export function exitCodeOf(status: string): number | undefined {
  const match = /^Exited \((\d+)\)/.exec(status);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Green running, amber paused or unhealthy, grey ended well, red ended badly. */
export function shownStatus(container: Pick<ContainerSummary, 'State' | 'Status'>): ShownStatus {
  switch (container.State) {
    case 'running':
      return container.Status.includes('(unhealthy)') ? 'unhealthy' : 'running';
    case 'paused':
      return 'paused';
    case 'created':
      return 'created';
    case 'restarting':
    case 'removing':
      return 'starting';
    case 'exited': {
      const code = exitCodeOf(container.Status);
      // 137 and 143: somebody stopped it.
      return code === undefined || code === 0 || code === 137 || code === 143 ? 'exited' : 'failed';
    }
    case 'dead':
      return 'failed';
    default:
      return 'unknown';
  }
}

export const isLive = (state: string) => state === 'running' || state === 'paused' || state === 'restarting';

export interface PortLink {
  readonly label: string;
  /** Absent for UDP and for ports that are not published. */
  readonly url: string | undefined;
}

/** Published ports once each (IPv4 and IPv6 of the same port are one), as links where a browser could open them. */
export function portLinks(ports: readonly Port[]): readonly PortLink[] {
  const seen = new Map<string, PortLink>();
  for (const port of ports) {
    if (port.PublicPort === undefined) continue;
    const loopback = port.IP === '0.0.0.0' || port.IP === '::' || port.IP === '' || port.IP === undefined;
    const host = loopback ? 'localhost' : (port.IP ?? 'localhost');
    const label = `${port.PublicPort}:${port.PrivatePort}${port.Type === 'tcp' ? '' : `/${port.Type}`}`;
    if (!seen.has(label))
      seen.set(label, {
        label,
        url: port.Type === 'tcp' ? `http://${host.includes(':') ? `[${host}]` : host}:${port.PublicPort}` : undefined,
      });
  }
  return [...seen.values()];
}

export const composeProject = (labels: Readonly<Record<string, string>>) => labels['com.docker.compose.project'];
/** Containers of extensions are kept out of sight, and out of counts, unless the user wants to see them. */
export function shownContainers<C extends Pick<ContainerSummary, 'Labels'>>(
  containers: readonly C[],
  showExtensions: boolean | undefined,
): readonly C[] {
  return showExtensions ? containers : containers.filter((container) => extensionOf(container.Labels) === undefined);
}
export const extensionOf = (labels: Readonly<Record<string, string>>) => labels['io.wharf.extension'];

/** What removing it takes with it, for the question before. */
export function removeWarning(container: { readonly State: string; readonly Mounts: readonly MountPoint[] }): string {
  const volumes = container.Mounts.filter((mount) => mount.Type === 'volume').length;
  const parts = [
    isLive(container.State) ? 'It is running and will be killed first.' : '',
    'What it wrote into its own file system is gone for good.',
    volumes === 0 ? '' : volumes === 1 ? 'Its volume stays.' : `Its ${volumes} volumes stay.`,
  ];
  return parts.filter(Boolean).join(' ');
}

const quote = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The `docker run` that would make this container again. Leaves out what the image says by itself. */
export function asRunCommand(container: ContainerInspect, imageEnv: readonly string[]): string {
  const { Config: config, HostConfig: host } = container;
  const words = ['docker', 'run', '-d', '--name', container.Name.replace(/^\//, '')];
  for (const env of config.Env ?? []) if (!imageEnv.includes(env)) words.push('-e', env);
  for (const [inside, bindings] of Object.entries(host.PortBindings ?? {}))
    for (const binding of bindings ?? [])
      words.push(
        '-p',
        `${binding.HostIp ? `${binding.HostIp}:` : ''}${binding.HostPort ?? ''}:${inside.replace(/\/tcp$/, '')}`,
      );
  for (const bind of host.Binds ?? []) words.push('-v', bind);
  for (const mount of host.Mounts ?? [])
    words.push('--mount', `type=${mount.Type},source=${mount.Source ?? ''},target=${mount.Target}`);
  if (host.NetworkMode && host.NetworkMode !== 'default' && host.NetworkMode !== 'bridge')
    words.push('--network', host.NetworkMode);
  if (host.RestartPolicy?.Name && host.RestartPolicy.Name !== 'no') words.push('--restart', host.RestartPolicy.Name);
  if (host.Memory) words.push('--memory', String(host.Memory));
  if (host.NanoCpus) words.push('--cpus', String(host.NanoCpus / 1e9));
  if (host.Privileged) words.push('--privileged');
  if (host.ReadonlyRootfs) words.push('--read-only');
  if (config.Tty) words.push('-t');
  if (config.User) words.push('-u', config.User);
  if (config.WorkingDir) words.push('-w', config.WorkingDir);
  for (const capability of host.CapAdd ?? []) words.push('--cap-add', capability);
  words.push(config.Image ?? container.Image, ...(config.Cmd ?? []));
  return words.map(quote).join(' ');
}
