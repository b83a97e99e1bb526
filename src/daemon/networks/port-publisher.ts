/**
 * Published ports: which are taken, by which container, and everything that stands behind one (listening sockets for IPv4
 * and IPv6, the destination NAT rule).
 *
 * A publication is all or nothing: when one port of a container can not be had, the ones before it are given back.
 */
import type { PortHolder, PortMap } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { Firewall } from './firewall.ts';
import type { PublishedRule } from './firewall-text.ts';
import { describeHolder, listPortHolders, type PortQuery } from './port-holder.ts';
import { type HostSocketSource, listenPort, type PortProxy, type ProxyTarget } from './port-proxy.ts';
import { allPortKeys, type PortProtocol, type PortRequest, type WantedPort } from './port-spec.ts';
import type { PublishTarget } from './publish-target.ts';

export interface PublishedPort {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  readonly hostAddress: string;
  readonly hostPort: number;
}

export interface PublishRequest extends PublishTarget {
  readonly containerId: string;
  readonly containerName: string;
  readonly ports: readonly WantedPort[];
  readonly signal: AbortSignal;
}

interface Publication {
  readonly containerId: string;
  containerName: string;
  readonly proxies: PortProxy[];
  readonly rules: PublishedRule[];
  readonly ports: PublishedPort[];
}

const anyAddresses = ['0.0.0.0', '::'] as const;
const ephemeral = { first: 32_768, last: 60_999, tries: 1000 } as const;

export interface PortPublisherOptions {
  readonly firewall: Firewall;
  readonly onError: (error: Error) => void;
  /** Ends the kernel's translation of flows to a container that goes away. */
  readonly forgetUdpFlows: (containerAddress: string) => void;
  /** Of an ordinary user's engine: who listens in the host's network for it. */
  readonly hostSockets?: HostSocketSource | undefined;
  /** False: sockets only reserve ports, rules carry their traffic. */
  readonly userlandProxy: boolean;
  /** Published ports are open to whoever routes to the container. */
  readonly allowDirectRouting: boolean;
}

export class PortPublisher {
  readonly #userlandProxy: boolean;
  readonly #allowDirectRouting: boolean;
  readonly #firewall: Firewall;
  readonly #onError: (error: Error) => void;
  readonly #forgetUdpFlows: (containerAddress: string) => void;
  readonly #hostSockets: HostSocketSource | undefined;
  readonly #publications = new Map<string, Publication>();
  #nextEphemeral: number = ephemeral.first;

  constructor(options: PortPublisherOptions) {
    this.#firewall = options.firewall;
    this.#userlandProxy = options.userlandProxy;
    this.#allowDirectRouting = options.allowDirectRouting;
    this.#onError = options.onError;
    this.#forgetUdpFlows = options.forgetUdpFlows;
    this.#hostSockets = options.hostSockets;
  }

  /** @throws WharfError 'port.in-use' naming the holder; then nothing of this request is left */
  async publish(request: PublishRequest): Promise<readonly PublishedPort[]> {
    const { containerId, containerName } = request;
    const publication: Publication = { containerId, containerName, proxies: [], rules: [], ports: [] };
    this.#publications.set(containerId, publication);
    try {
      for (const port of request.ports) {
        request.signal.throwIfAborted();
        await this.#publishOne(port, request, publication);
      }
      this.#firewall.publish(publication.rules);
    } catch (error) {
      this.unpublish(containerId);
      throw error;
    }
    return publication.ports;
  }

  unpublish(containerId: string): void {
    const publication = this.#publications.get(containerId);
    if (publication === undefined) return;
    this.#publications.delete(containerId);
    for (const proxy of publication.proxies) proxy[Symbol.dispose]();
    this.#firewall.unpublish(publication.rules);
    const udp = publication.rules.filter((rule) => rule.protocol === 'udp').map((rule) => rule.containerAddress);
    for (const address of new Set(udp)) this.#forgetUdpFlows(address);
  }

  /** Closes the sockets of all ports; the rules stay, so that traffic goes on while no daemon runs. */
  closeSockets(): void {
    for (const { proxies } of this.#publications.values()) for (const proxy of proxies) proxy[Symbol.dispose]();
    this.#publications.clear();
  }

  rename(containerId: string, name: string): void {
    const publication = this.#publications.get(containerId);
    if (publication !== undefined) publication.containerName = name;
  }

  holders(query: PortQuery): PortHolder[] {
    return listPortHolders(query, (protocol, port, address) => {
      for (const { containerId, containerName, ports } of this.#publications.values()) {
        const publishes = ports.some(
          (own) => own.protocol === protocol && own.hostPort === port && own.hostAddress === address,
        );
        if (publishes) return { containerId, containerName };
      }
      return undefined;
    });
  }

  async #publishOne(port: WantedPort, request: PublishRequest, publication: Publication): Promise<void> {
    const { protocol, containerPort } = port;
    const ways = this.#waysOf(port, request);
    if (ways.length === 0) return;
    const { proxies, hostPort } = await this.#listen(port, ways, request);
    for (const { way, proxy } of proxies) {
      if (proxy !== undefined) publication.proxies.push(proxy);
      const { hostAddress, isRouted } = way;
      publication.ports.push({ protocol, containerPort, hostAddress, hostPort: isRouted ? 0 : hostPort });
      if (way.containerAddress === undefined) continue;
      publication.rules.push({
        protocol,
        hostAddress: isRouted ? '' : hostAddress,
        hostPort,
        containerAddress: way.containerAddress,
        containerPort,
        direct: isRouted || this.#allowDirectRouting,
      });
    }
  }

  /** What stands behind each address of a binding. */
  #waysOf(port: WantedPort, { ipv4, ipv6 }: PublishRequest): Way[] {
    const addresses = port.hostAddress === '' ? anyAddresses : [port.hostAddress];
    return addresses.flatMap((hostAddress): Way[] => {
      const own = hostAddress.includes(':') ? ipv6 : ipv4;
      if (own !== undefined) {
        const target = { address: own.address, port: port.containerPort };
        const proxied = this.#userlandProxy && !own.isRouted ? target : undefined;
        return [{ hostAddress, containerAddress: own.address, target: proxied, isRouted: own.isRouted }];
      }
      // IPv6 clients of a container with IPv4 only: no rule translates between families, a proxy does.
      if (!hostAddress.includes(':') || ipv4 === undefined || ipv4.isRouted || !this.#userlandProxy) return [];
      if (port.protocol === 'sctp') return [];
      const target = { address: ipv4.address, port: port.containerPort };
      return [{ hostAddress, containerAddress: undefined, target, isRouted: false }];
    });
  }

  async #listen(port: WantedPort, ways: readonly Way[], request: PublishRequest): Promise<Listening> {
    let lastError: unknown;
    for (const hostPort of this.#candidates(port)) {
      request.signal.throwIfAborted();
      try {
        return await this.#listenOn(port, hostPort, ways);
      } catch (error) {
        if (errorCode(error) !== 'EADDRINUSE') throw this.#failure(port, hostPort, request, error);
        lastError = error;
      }
    }
    throw this.#failure(port, port.firstHostPort, request, lastError);
  }

  *#candidates(port: WantedPort): Generator<number> {
    if (port.firstHostPort !== 0) {
      for (let candidate = port.firstHostPort; candidate <= port.lastHostPort; candidate++) yield candidate;
      return;
    }
    for (let tries = 0; tries < ephemeral.tries; tries++) {
      const candidate = this.#nextEphemeral;
      this.#nextEphemeral = candidate === ephemeral.last ? ephemeral.first : candidate + 1;
      yield candidate;
    }
  }

  /** Listens on each address of the binding with one and the same port, or on none. */
  async #listenOn(port: WantedPort, hostPort: number, ways: readonly Way[]): Promise<Listening> {
    const { protocol } = port;
    const proxies: { way: Way; proxy: PortProxy | undefined }[] = [];
    try {
      for (const way of ways) {
        // Nothing listens where nothing is translated, and Node has no sockets for SCTP.
        if (way.isRouted || protocol === 'sctp') {
          if (protocol === 'sctp' && this.#hasSctp(hostPort)) throw portTaken();
          proxies.push({ way, proxy: undefined });
          continue;
        }
        const from = { hostSockets: this.#hostSockets, onError: this.#onError };
        const options = { protocol, hostAddress: way.hostAddress, hostPort, target: way.target, ...from };
        const proxy = await listenPort(options).catch((error: unknown) => {
          // A host without IPv6 publishes on IPv4 only.
          if (way.hostAddress === '::' && isNoSuchFamily(error)) return undefined;
          throw error;
        });
        if (proxy !== undefined) proxies.push({ way, proxy });
      }
    } catch (error) {
      for (const { proxy } of proxies) proxy?.[Symbol.dispose]();
      throw error;
    }
    return { proxies, hostPort };
  }

  #hasSctp(hostPort: number): boolean {
    return [...this.#publications.values()].some(({ ports }) =>
      ports.some((own) => own.protocol === 'sctp' && own.hostPort === hostPort),
    );
  }

  /** An ordinary user's engine does not see the sockets of the host; its own publications it knows. */
  #ownHolder({ protocol }: WantedPort, hostPort: number): string | undefined {
    for (const { containerName, ports } of this.#publications.values())
      if (ports.some((own) => own.protocol === protocol && own.hostPort === hostPort))
        return `container "${containerName}"`;
    return undefined;
  }

  #failure(port: WantedPort, hostPort: number, request: PublishRequest, cause: unknown): WharfError {
    const where = `${formatHost(port.hostAddress)}:${port.firstHostPort === 0 ? '' : hostPort}`;
    const prefix = `failed to set up container networking: driver failed programming external connectivity on endpoint ${request.containerName} (${request.endpointId})`;
    const code = errorCode(cause);
    if (code === 'EACCES') return privilegedPort(prefix, hostPort, cause);
    if (code !== 'EADDRINUSE') {
      const { address: target = '' } = (port.hostAddress.includes(':') ? request.ipv6 : request.ipv4) ?? {};
      const reason =
        code === 'EADDRNOTAVAIL'
          ? 'cannot assign requested address'
          : cause instanceof Error
            ? cause.message
            : String(cause);
      return new WharfError(
        'port.in-use',
        `${prefix}: failed to bind host port for ${where}:${target}:${port.containerPort}/${port.protocol}: ${reason}`,
        {
          cause,
          hint: 'Publish on an address this host has, or leave the address out.',
        },
      );
    }
    const { protocol } = port;
    const holders = protocol === 'sctp' ? [] : this.holders({ port: hostPort, protocol }).filter(overlapsWith(port));
    const holder = describeHolder(holders) ?? this.#ownHolder(port, hostPort) ?? holderOf(cause);
    const by = holder === undefined ? '' : ` (by ${holder})`;
    return new WharfError('port.in-use', `${prefix}: Bind for ${where} failed: port is already allocated${by}`, {
      cause,
      ...(holder === undefined ? {} : { hint: `Stop ${holder}, or publish another port.` }),
    });
  }
}

/** What stands behind one host address of a published port. */
interface Way {
  readonly hostAddress: string;
  /** Of the address's own family: rules translate to it. */
  readonly containerAddress: string | undefined;
  /** What the socket passes on to; undefined: it only reserves the port. */
  readonly target: ProxyTarget | undefined;
  readonly isRouted: boolean;
}

function portTaken(): Error {
  return Object.assign(new Error('the port is taken'), { code: 'EADDRINUSE' });
}

interface Listening {
  readonly proxies: readonly { readonly way: Way; readonly proxy: PortProxy | undefined }[];
  readonly hostPort: number;
}

/** What the parent of an ordinary user's engine says of who has the port. */
function holderOf(error: unknown): string | undefined {
  return error instanceof Error && 'holder' in error && typeof error.holder === 'string' ? error.holder : undefined;
}

function privilegedPort(prefix: string, port: number, cause: unknown): WharfError {
  return new WharfError(
    'port.in-use',
    `${prefix}: cannot expose privileged port ${port}: permission denied; choose a port from 1024 on, or let root set net.ipv4.ip_unprivileged_port_start=${port}`,
    { cause, hint: `As root: sysctl -w net.ipv4.ip_unprivileged_port_start=${port}` },
  );
}

/** Whether a holder's address stands in the way of the binding. */
function overlapsWith(port: WantedPort): (holder: PortHolder) => boolean {
  const isAny = (address: string) => address === '' || address === '0.0.0.0' || address === '::';
  return (holder) => isAny(holder.address) || isAny(port.hostAddress) || holder.address === port.hostAddress;
}

function formatHost(address: string): string {
  if (address === '') return '0.0.0.0';
  return address.includes(':') ? `[${address}]` : address;
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isNoSuchFamily(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL';
}

/** NetworkSettings.Ports: exposed ports with what is really published, null for the others. */
export function publishedPortMap(request: PortRequest, ports: readonly PublishedPort[]): PortMap {
  const map: Record<string, PortMap[string]> = {};
  for (const key of allPortKeys(request)) {
    const bindings = ports
      .filter((port) => `${port.containerPort}/${port.protocol}` === key)
      // Of a routed network: the address is the container's own, no port of the host leads there.
      .map(({ hostAddress, hostPort }) => ({ HostIp: hostAddress, HostPort: hostPort === 0 ? '' : String(hostPort) }));
    map[key] = bindings.length > 0 ? bindings : null;
  }
  return map;
}

/** The same ports again, for a container taken over after a restart of the daemon. */
export function republished(ports: readonly PublishedPort[]): WantedPort[] {
  return ports.map(({ protocol, containerPort, hostAddress, hostPort }) => ({
    protocol,
    containerPort,
    hostAddress,
    firstHostPort: hostPort,
    lastHostPort: hostPort,
  }));
}
