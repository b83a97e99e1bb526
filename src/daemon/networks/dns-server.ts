/**
 * The resolver of one container, at 127.0.0.11 in its network namespace, served by the daemon from outside.
 *
 *   program ──► 127.0.0.11:53 ──(nft redirect inside)──► 127.0.0.11:<high port>  = sockets of the daemon
 *                                                           │
 *                              names of the container's networks, else the host's resolvers
 *
 * High ports, so that a container may bind port 53 on all its addresses for a name server of its own.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { bindSocket } from '../linux/netns-sockets.ts';
import { openNftables } from '../linux/nftables.ts';
import {
  type DnsAnswer,
  type DnsQuestion,
  decodeQuestion,
  encodeResponse,
  isInternet,
  recordTypes,
  responseCodes,
  reverseAddress,
} from './dns-codec.ts';
import { type DnsForwarder, frameTcpMessage, TcpMessageReader } from './dns-forwarder.ts';
import type { DnsNames } from './dns-names.ts';

export const resolverAddress = '127.0.0.11';
/** Docker's value; long enough to spare queries, short enough for containers that come back elsewhere. */
const ttlSeconds = 600;
const tcpMaxBytes = 65_535;
const maxTcpClients = 64;
const tcpIdleMs = 10_000;

/** What the container asks from; read at each query, so that connect and disconnect take effect at once. */
export interface DnsView {
  networkIds(): readonly string[];
  /** Names only this container knows (links): alias to the name it stands for. */
  alias(name: string): string | undefined;
  /** Resolvers to pass other names to; none on a container that has internal networks only. */
  upstreams(): readonly string[];
  /** The user asks for ndots of 1 or more: names without a dot are not passed on. */
  keepsLabels(): boolean;
}

export interface DnsServerOptions {
  readonly names: DnsNames;
  readonly forwarder: DnsForwarder;
  readonly view: DnsView;
  readonly onError: (error: Error) => void;
  /** An earlier daemon may have left a redirect. Not for a new namespace: replacing costs 10 ms in the kernel. */
  readonly replaceRedirect: boolean;
}

/**
 * Opens the sockets and the redirect. Must run with the thread inside the container's namespace; the answer is used outside.
 * @throws WharfError 'kernel.failed' | 'kernel.denied'
 */
export function openDnsServer(options: DnsServerOptions): Disposable {
  const udp = bindSocket('udp', resolverAddress, 0);
  const tcp = tryOr(
    () => bindSocket('tcp', resolverAddress, 0),
    () => closeSync(udp.fd),
  );
  tryOr(
    () => redirect(udp.port, tcp.port, options.replaceRedirect),
    () => {
      closeSync(udp.fd);
      closeSync(tcp.fd);
    },
  );
  return new DnsServer(udp.fd, tcp.fd, options);
}

function tryOr<T>(work: () => T, undo: () => void): T {
  try {
    return work();
  } catch (error) {
    undo();
    throw error;
  }
}

/** One transaction, so that there is no moment without a redirect when one is replaced. */
function redirect(udpPort: number, tcpPort: number, replace: boolean): void {
  using nft = openNftables();
  nft.run(`
    ${replace ? 'add table ip wharf_dns\n delete table ip wharf_dns' : ''}
    table ip wharf_dns {
      chain output {
        type nat hook output priority -100; policy accept;
        ip daddr ${resolverAddress} udp dport 53 dnat to ${resolverAddress}:${udpPort}
        ip daddr ${resolverAddress} tcp dport 53 dnat to ${resolverAddress}:${tcpPort}
      }
    }
  `);
}

const isAddressType = (type: number): boolean => type === recordTypes.a || type === recordTypes.aaaa;

class DnsServer implements Disposable {
  readonly #options: DnsServerOptions;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #clients = new Set<Socket>();
  readonly #ended = new AbortController();

  constructor(udpFd: number, tcpFd: number, options: DnsServerOptions) {
    this.#options = options;
    this.#udp = createSocket('udp4');
    this.#udp.on('error', options.onError);
    this.#udp.on('message', (message, peer) => {
      this.#answer(message, 'udp').then((answer) => {
        if (answer !== undefined && !this.#ended.signal.aborted) this.#udp.send(answer, peer.port, peer.address);
      }, options.onError);
    });
    this.#udp.bind({ fd: udpFd });
    this.#udp.unref();
    this.#tcp = createServer((client) => this.#serve(client));
    this.#tcp.maxConnections = maxTcpClients;
    this.#tcp.on('error', options.onError);
    this.#tcp.listen({ fd: tcpFd });
    this.#tcp.unref();
  }

  #serve(client: Socket): void {
    const reader = new TcpMessageReader();
    this.#clients.add(client);
    client.setTimeout(tcpIdleMs, () => client.destroy());
    client.on('error', () => client.destroy());
    client.on('close', () => this.#clients.delete(client));
    client.on('data', (chunk) => {
      // One query at a time a connection: back-pressure instead of a queue.
      client.pause();
      const answers = reader.push(chunk).map((message) => this.#answer(message, 'tcp'));
      Promise.all(answers).then((list) => {
        for (const answer of list) if (answer !== undefined && client.writable) client.write(frameTcpMessage(answer));
        client.resume();
      }, this.#options.onError);
    });
  }

  async #answer(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const question = decodeQuestion(message);
    if (question === undefined) return undefined;
    const respond = (code: number, answers: readonly DnsAnswer[] = []) =>
      encodeResponse(question, {
        code,
        answers,
        ttlSeconds,
        maxBytes: transport === 'udp' ? question.maxDatagramBytes : tcpMaxBytes,
      });
    const own = this.#lookup(question);
    if (own !== undefined) return respond(responseCodes.ok, own);
    const { view } = this.#options;
    // Where the user set ndots, a lone label is asked again with the search domains: it must not leave this machine.
    if (isAddressType(question.type) && view.keepsLabels() && !question.name.includes('.'))
      return respond(responseCodes.ok);
    const upstreams = view.upstreams();
    if (upstreams.length === 0) return respond(responseCodes.serverFailure);
    const answer = await this.#options.forwarder.forward(message, { upstreams, transport, signal: this.#ended.signal });
    return answer ?? respond(responseCodes.serverFailure);
  }

  /** @returns undefined when the question is not about a container of ours */
  #lookup(question: DnsQuestion): readonly DnsAnswer[] | undefined {
    if (!isInternet(question)) return undefined;
    const { names, view } = this.#options;
    if (question.type === recordTypes.ptr) {
      const address = reverseAddress(question.name);
      const endpoint = address && names.reverse(view.networkIds(), address);
      return endpoint && [{ type: recordTypes.ptr, data: `${endpoint.containerName}.${endpoint.networkName}` }];
    }
    const name = view.alias(question.name) ?? question.name;
    const family = question.type === recordTypes.aaaa ? 'ipv6' : 'ipv4';
    const addresses = names.lookup(view.networkIds(), name, family);
    if (addresses === undefined) return undefined;
    // A name of ours asked for another type (MX, TXT, …): it exists, but has none.
    if (!isAddressType(question.type)) return [];
    return addresses.map((data) => ({ type: question.type, data }));
  }

  [Symbol.dispose](): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#udp.close();
    this.#tcp.close();
    for (const client of this.#clients) client.destroy();
  }
}
