/**
 * The way out of the engine's network namespace: pasta or slirp4netns, which turn its packets into ordinary sockets of the
 * user. Both give it the same small subnet:
 *
 *     .2 gateway    .3 resolver (asks what the host's resolv.conf names)    .100 the namespace itself
 *
 * The host's loopback can not be reached from inside. IPv4 only.
 */
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { WharfError } from '../../contract/errors.ts';
import { identifyProcess, type ProcessIdentity } from '../linux/process.ts';
import type { RunningNetwork } from './rootless-state.ts';

export type NetworkDriver = RunningNetwork['driver'];

const startLimitMs = 15_000;
const interfaceName = 'tap0';
/** As slirp4netns and RootlessKit: few packets, each large; TCP towards the world is the host's own. */
const mtu = 65_520;
/** 10.0.2 is what slirp gives since ever; the others for hosts that have a route of their own there (VirtualBox). */
const subnets = ['10.0.2', '10.177.2', '10.213.2', '192.168.213'] as const;

export const addressesIn = (subnet: string) =>
  ({ gateway: `${subnet}.2`, resolver: `${subnet}.3`, own: `${subnet}.100` }) as const;

export interface NetworkRequest {
  readonly driver: NetworkDriver | undefined;
  readonly execRoot: string;
  /** Whose network namespace is to be connected. */
  readonly holder: ProcessIdentity;
  readonly log: { warn(message: string): void };
}

/**
 * Debian 12's pasta (March 2023) sends what a server answers again and again after the client shut down its sending side;
 * it was seen here, and neither with slirp4netns 1.2 nor with a pasta of today. Podman took pasta as its default in 2024.
 */
const firstGoodPastaYear = 2024;

/** Pasta is faster where it is good. Pure. */
export function chooseDriver(installed: {
  readonly pastaYear: number | undefined;
  readonly slirp: boolean;
}): NetworkDriver | undefined {
  const { pastaYear, slirp } = installed;
  if (pastaYear !== undefined && (pastaYear >= firstGoodPastaYear || !slirp)) return 'pasta';
  return slirp ? 'slirp4netns' : undefined;
}

/** Its versions are dates: `pasta 2024_08_14.61c0b0d`, `pasta 0.0~git20250503.587980c-2`. 0 for one without. Pure. */
export function pastaYearOf(version: string): number {
  return Number(/(?<!\d)(20\d\d)[_-]?[01]\d[_-]?[0-3]\d/.exec(version)?.[1] ?? 0);
}

function pastaVersionYear(): Promise<number> {
  return new Promise((resolve) => {
    execFile('pasta', ['--version'], { timeout: startLimitMs }, (_error, stdout) => resolve(pastaYearOf(stdout)));
  });
}

/** @throws WharfError 'host.unsupported' when neither is installed or there is no /dev/net/tun; 'kernel.failed' */
export async function startNetwork(request: NetworkRequest): Promise<RunningNetwork> {
  const pastaYear = isInstalled('pasta') ? await pastaVersionYear() : undefined;
  const driver = request.driver ?? chooseDriver({ pastaYear, slirp: isInstalled('slirp4netns') });
  if (driver === undefined || !isInstalled(driver)) throw notInstalled(request.driver);
  if (driver === 'pasta' && (pastaYear ?? 0) < firstGoodPastaYear)
    request.log.warn(
      'This pasta is old: when a client ends its half of a connection first, it repeats the answer. slirp4netns does not.',
    );
  checkTun();
  const subnet = freeSubnet(readFileSync('/proc/net/route', 'utf8'));
  const process = await (driver === 'pasta' ? startPasta(request, subnet) : startSlirp(request, subnet));
  return { driver, subnet, process };
}

function isInstalled(name: string): boolean {
  const folders = (process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(':');
  return folders.some((folder) => folder.startsWith('/') && existsSync(`${folder}/${name}`));
}

function notInstalled(wanted: NetworkDriver | undefined): WharfError {
  const what = wanted === undefined ? 'neither pasta nor slirp4netns is installed' : `${wanted} is not installed`;
  return new WharfError('host.unsupported', `--rootless: ${what}`, {
    hint: 'Install the package passt (or slirp4netns). With --rootless-network=none containers reach each other only.',
  });
}

function checkTun(): void {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch (cause) {
    const why = existsSync('/dev/net/tun') ? 'this user may not open /dev/net/tun' : 'there is no /dev/net/tun';
    throw new WharfError('host.unsupported', `--rootless: ${why}`, {
      cause,
      hint: 'As root: modprobe tun; chmod 0666 /dev/net/tun (udev does both). With --rootless-network=none containers reach each other only.',
    });
  }
}

/** The first of ours that the host's routes (proc_pid_net(5), route) do not cover. Pure. */
export function freeSubnet(routes: string): string {
  const taken = routes
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination, , , , , , mask] = line.split('\t');
      if (destination === undefined || mask === undefined || mask === '00000000') return [];
      return [{ base: littleEndian(destination), mask: littleEndian(mask) }];
    });
  const isFree = (subnet: string) => {
    const [a = 0, b = 0, c = 0] = subnet.split('.').map(Number);
    const base = ((a << 24) | (b << 16) | (c << 8)) >>> 0;
    return taken.every((route) => {
      const shared = (route.mask & 0xffffff00) >>> 0;
      return (base & shared) >>> 0 !== (route.base & shared) >>> 0;
    });
  };
  return subnets.find(isFree) ?? subnets[0];
}

const littleEndian = (hex: string): number => Buffer.from(hex, 'hex').readUInt32LE(0);

async function startPasta({ execRoot, holder }: NetworkRequest, subnet: string): Promise<ProcessIdentity> {
  const { gateway, resolver, own } = addressesIn(subnet);
  const pidPath = `${execRoot}/pasta.pid`;
  // It goes into the background when everything stands, and ends by itself with the namespace.
  const { code, stderr } = await runToEnd('pasta', [
    ...['--config-net', '--ipv4-only', '--no-map-gw', '--quiet'],
    ...['--address', own, '--netmask', '24', '--gateway', gateway, '--dns-forward', resolver],
    ...['--ns-ifname', interfaceName, '--mtu', String(mtu)],
    // Published ports are sockets of the parent; nothing else is forwarded, in neither direction.
    ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    ...['--pid', pidPath, String(holder.pid)],
  ]);
  const pid = code === 0 ? readPid(pidPath) : undefined;
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  rmSync(pidPath, { force: true });
  return identity ?? startFailed('pasta', stderr || `exit code ${code}`);
}

function readPid(path: string): number | undefined {
  const pid = Number(readFileSync(path, 'utf8').trim());
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

function startFailed(driver: NetworkDriver, why: string): never {
  throw new WharfError('kernel.failed', `--rootless: start ${driver}: ${why.trim()}`, {
    hint: `--rootless-network=${driver === 'pasta' ? 'slirp4netns' : 'pasta'} takes the other one; =none does without.`,
  });
}

function runToEnd(command: string, args: readonly string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], timeout: startLimitMs });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString();
    });
    child.on('error', (error) => resolve({ code: 127, stderr: error.message }));
    child.on('exit', (code) => {
      // Its background process keeps the pipe.
      setImmediate(() => {
        child.stderr.destroy();
        resolve({ code: code ?? 255, stderr });
      });
    });
  });
}

/** Runs in the foreground, so it is ours; it says on descriptor 3 when everything stands. */
async function startSlirp({ holder }: NetworkRequest, subnet: string): Promise<ProcessIdentity> {
  const child = spawn(
    'slirp4netns',
    [
      ...['--configure', `--mtu=${mtu}`, '--disable-host-loopback', `--cidr=${subnet}.0/24`],
      ...['--enable-sandbox', '--enable-seccomp', '--ready-fd=3'],
      ...[`--userns-path=/proc/${holder.pid}/ns/user`, String(holder.pid), interfaceName],
    ],
    { cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] },
  );
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < 4096) stderr += chunk.toString();
  });
  const ready = child.stdio[3];
  const outcome = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve('it took too long'), startLimitMs);
    const settle = (text: string) => {
      clearTimeout(timer);
      resolve(text);
    };
    child.on('error', (error) => settle(error.message));
    child.on('exit', (code) => settle(stderr || `exit code ${code}`));
    ready?.on('data', () => settle(''));
  });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  child.stderr?.destroy();
  ready?.destroy();
  child.unref();
  if (outcome === '' && identity !== undefined) return identity;
  child.kill('SIGKILL');
  return startFailed('slirp4netns', outcome);
}

/** The address under which the namespace reaches this host: that of the interface with the default route. */
export function hostAddress(routes = readFileSync('/proc/net/route', 'utf8')): string | undefined {
  const lines = routes.split('\n').slice(1);
  const outward = lines.map((line) => line.split('\t')).find((fields) => fields[7] === '00000000');
  const interfaces = networkInterfaces();
  const preferred = interfaces[outward?.[0] ?? ''] ?? Object.values(interfaces).flatMap((list) => list ?? []);
  return preferred.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
