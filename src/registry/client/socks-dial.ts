/**
 * Connects through a SOCKS5 proxy (RFC 1928, with user and password of RFC 1929). Names are looked up by the proxy, as Go does
 * for `socks5://` and `socks5h://` alike.
 */
import { connect, isIP, type Socket } from 'node:net';
import type { Dial } from './dialling-agents.ts';

const version = 5;
const noAuthentication = 0;
const userAndPassword = 2;
const loginVersion = 1;

/** RFC 1928, section 6. */
const refusals: readonly string[] = [
  'succeeded',
  'general SOCKS server failure',
  'connection not allowed by ruleset',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
];

export function isSocksProxy(proxy: string | undefined): proxy is string {
  return proxy !== undefined && /^socks5h?:\/\//i.test(proxy);
}

/** @param limitMs of the proxy's part: connecting to it, and its connecting further */
export function socksDial(proxy: string, limitMs: number, reachProxy: Dial = connectHere): Dial {
  const url = new URL(proxy);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || 1080);
  const user = Buffer.from(decodeURIComponent(url.username));
  const password = Buffer.from(decodeURIComponent(url.password));
  return async (targetHost, targetPort) => {
    const socket = await reachProxy(host, port).catch((error: unknown) => {
      throw failure(url, error instanceof Error ? error.message : String(error));
    });
    // Between two of our waits nobody else listens, and an error nobody hears ends the process.
    socket.on('error', () => undefined);
    const timer = setTimeout(() => socket.destroy(failure(url, 'i/o timeout')), limitMs);
    try {
      const answers = new Answers(socket, url);
      await greet(socket, answers, url, { user, password });
      await ask(socket, answers, url, { host: targetHost, port: targetPort });
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
}

async function greet(
  socket: Socket,
  answers: Answers,
  proxy: URL,
  login: { readonly user: Buffer; readonly password: Buffer },
) {
  const { user, password } = login;
  const methods = user.length === 0 ? [noAuthentication] : [noAuthentication, userAndPassword];
  socket.write(Buffer.from([version, methods.length, ...methods]));
  const [spoken, chosen = 0] = await answers.bytes(2);
  if (spoken !== version) throw failure(proxy, 'it does not speak SOCKS5');
  if (chosen === noAuthentication) return;
  if (chosen !== userAndPassword || user.length === 0) throw failure(proxy, 'it wants a user and a password');
  if (user.length > 255 || password.length > 255) throw failure(proxy, 'the user or the password is too long');
  const parts = [Buffer.from([loginVersion, user.length]), user, Buffer.from([password.length]), password];
  socket.write(Buffer.concat(parts));
  const [, status] = await answers.bytes(2);
  if (status !== 0) throw failure(proxy, 'it refused the user or the password');
}

async function ask(
  socket: Socket,
  answers: Answers,
  proxy: URL,
  target: { readonly host: string; readonly port: number },
) {
  const connectCommand = Buffer.from([version, 1, 0]);
  const port = Buffer.from([target.port >> 8, target.port & 0xff]);
  socket.write(Buffer.concat([connectCommand, addressOf(proxy, target.host), port]));
  const [spoken, reply = 1, , kind] = await answers.bytes(4);
  if (spoken !== version) throw failure(proxy, 'it does not speak SOCKS5');
  if (reply !== 0) throw failure(proxy, `connecting to ${target.host}: ${refusals[reply] ?? `refusal ${reply}`}`);
  // Where the proxy's own end is; nobody wants to know, but it must be read.
  const [first = 0] = await answers.bytes(1);
  const addressBytes = kind === 1 ? 4 : kind === 4 ? 16 : first + 1;
  await answers.bytes(addressBytes - 1 + 2);
}

function addressOf(proxy: URL, host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([1, ...host.split('.').map(Number)]);
  if (isIP(host) === 6) return Buffer.from([4, ...ipv6Bytes(host)]);
  const name = Buffer.from(host);
  if (name.length > 255) throw failure(proxy, 'the name of the host is too long');
  return Buffer.concat([Buffer.from([3, name.length]), name]);
}

/** The URL parser writes the last four bytes in hexadecimal too, and leaves out one run of zeros. */
function ipv6Bytes(address: string): readonly number[] {
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Reads exactly so many bytes. No proxy sends more than it was asked for: after its last answer we speak first. */
class Answers {
  readonly #socket: Socket;
  readonly #proxy: URL;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, proxy: URL) {
    this.#socket = socket;
    this.#proxy = proxy;
  }

  async bytes(count: number): Promise<Buffer> {
    for (;;) {
      const got: unknown = this.#socket.read();
      if (got instanceof Buffer) this.#held = Buffer.concat([this.#held, got]);
      if (this.#held.length >= count) {
        const wanted = this.#held.subarray(0, count);
        this.#held = this.#held.subarray(count);
        return wanted;
      }
      if (this.#socket.destroyed) throw this.#socket.errored ?? failure(this.#proxy, 'it closed the connection');
      await this.#more();
    }
  }

  #more(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const readable = (): void => done(resolve);
      const failed = (error: Error): void => done(() => reject(error));
      const closed = (): void => done(() => reject(failure(this.#proxy, 'it closed the connection')));
      const done = (then: () => void): void => {
        socket.off('readable', readable).off('error', failed).off('close', closed);
        then();
      };
      socket.on('readable', readable).on('error', failed).on('close', closed);
    });
  }
}

function connectHere(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Told as a proxy's failure by `network-failure.ts`. */
function failure(proxy: URL, why: string): Error {
  return Object.assign(new Error(`socks5 ${proxy.host}: ${why}`), { code: 'ERR_PROXY_TUNNEL' });
}
