/**
 * Passes queries that no container answers to the resolvers of the host, from the host's own network namespace.
 *
 * Bounded: at most `maxInFlight` queries at once, each upstream gets `timeoutMs`, at most three upstreams are asked.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { responseCodes } from './dns-codec.ts';

export interface DnsForwarder {
  /** The upstream's answer as bytes; undefined when none answered in time or too many queries are under way. */
  forward(query: Uint8Array, options: ForwardOptions): Promise<Buffer | undefined>;
}

export interface ForwardOptions {
  readonly upstreams: readonly string[];
  readonly transport: 'udp' | 'tcp';
  readonly signal: AbortSignal;
}

const dnsPort = 53;
const maxUpstreams = 3;
const maxTcpMessageBytes = 65_535;

export function createDnsForwarder(
  options: { timeoutMs?: number; maxInFlight?: number; port?: number } = {},
): DnsForwarder {
  const { timeoutMs = 2000, maxInFlight = 512, port = dnsPort } = options;
  let inFlight = 0;
  return {
    async forward(query, { upstreams, transport, signal }) {
      if (inFlight >= maxInFlight) return undefined;
      inFlight++;
      try {
        for (const upstream of upstreams.slice(0, maxUpstreams)) {
          if (signal.aborted) return undefined;
          const ask = transport === 'udp' ? askUdp : askTcp;
          const answer = await ask(query, { address: upstream, port, timeoutMs, signal });
          // One that can't or won't answer may have a neighbour that does.
          if (answer !== undefined && !isRefusal(answer)) return answer;
        }
        return undefined;
      } finally {
        inFlight--;
      }
    },
  };
}

function isRefusal(answer: Buffer): boolean {
  const code = (answer[3] ?? 0) & 0xf;
  return code === responseCodes.serverFailure || code === responseCodes.refused;
}

interface AskOptions {
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A socket a query: a random source port each, which makes forged answers hard to place. */
function askUdp(query: Uint8Array, options: AskOptions): Promise<Buffer | undefined> {
  const { address, port, timeoutMs, signal } = options;
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const finish = (answer: Buffer | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners();
      // An error that comes after the answer is of no interest to anybody.
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const abort = () => finish(undefined);
    const timer = setTimeout(abort, timeoutMs);
    signal.addEventListener('abort', abort);
    socket.on('error', abort);
    socket.on('message', (message) => {
      if (message.length >= 12 && message[0] === query[0] && message[1] === query[1]) finish(message);
    });
    socket.connect(port, address, () => socket.send(query));
  });
}

function askTcp(query: Uint8Array, options: AskOptions): Promise<Buffer | undefined> {
  const { address, port, timeoutMs, signal } = options;
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const reader = new TcpMessageReader();
    const finish = (answer: Buffer | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(answer);
    };
    const abort = () => finish(undefined);
    const timer = setTimeout(abort, timeoutMs);
    signal.addEventListener('abort', abort);
    socket.on('error', abort);
    socket.on('close', abort);
    socket.on('data', (chunk) => {
      const [message] = reader.push(chunk);
      if (message !== undefined) finish(message);
    });
    socket.write(frameTcpMessage(query));
  });
}

/** RFC 1035, 4.2.2: over TCP two bytes of length come before each message. */
export function frameTcpMessage(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(2 + message.length);
  framed.writeUInt16BE(message.length, 0);
  framed.set(message, 2);
  return framed;
}

/** Takes a TCP stream apart into messages; holds at most one message of 64 KiB and a chunk. */
export class TcpMessageReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 2) {
      const length = Math.min(this.#rest.readUInt16BE(0), maxTcpMessageBytes);
      if (this.#rest.length < 2 + length) break;
      messages.push(this.#rest.subarray(2, 2 + length));
      this.#rest = this.#rest.subarray(2 + length);
    }
    return messages;
  }
}
