/**
 * Taken-over connections: attach and exec start. After the head the connection belongs to the stream session, both ways.
 *
 *   with `Connection: Upgrade, Upgrade: tcp`    101 UPGRADED, then bytes       (Docker's clients)
 *   without                                     200 OK, then bytes             (curl, old clients)
 *
 * Node's parser stops at the head of an upgraded request, so its body (exec start's JSON) is read here, by its
 * Content-Length, from what came with the head and from the socket; what follows it is already input for the session.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import type { StreamSession } from '../containers/container-service.ts';
import type { Exchange } from './answer.ts';
import { compareVersions } from './api-version.ts';
import type { ErrorAnswer } from './error-answer.ts';
import { jsonBodyMaxBytes, skipBody } from './request-body.ts';

/** Clients before 1.42, and those that do not upgrade, know one content type, whatever the framing. */
const plainContentType = 'application/vnd.docker.raw-stream';

export function contentTypeFor(stream: { readonly contentType: string }, apiVersion: string): string {
  return compareVersions(apiVersion, '1.42') < 0 ? plainContentType : stream.contentType;
}

/** Answers 101 on an upgraded connection and serves the session until it ends. */
export async function takeOverUpgraded(
  socket: Duplex,
  session: StreamSession,
  apiVersion: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = {
    ...headers,
    'Content-Type': contentTypeFor(session, apiVersion),
    Connection: 'Upgrade',
    Upgrade: 'tcp',
  };
  socket.write(headText('101 UPGRADED', lines));
  await session.serve(socket);
}

/** Answers 200 on a connection whose request came without Upgrade. */
export async function takeOverPlain({ request, response, resolved, context, handler }: Exchange): Promise<void> {
  // dockerode sends an attach's query as its body too; its input comes after that.
  if (Number(request.headers['content-length'] ?? 0) > 0) await skipBody(request);
  const session = (await handler(context)) as StreamSession | undefined;
  if (resolved.name === 'ContainerAttachWebsocket') {
    session?.cancel();
    throw new WharfError('request.invalid', 'not websocket protocol');
  }
  if (session === undefined) {
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
    return;
  }
  const { socket } = request;
  const headers = Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
  response.detachSocket(socket);
  const connection = request.complete ? detachParser(socket) : bodyAsInput(request, socket);
  socket.write(headText('200 OK', { ...headers, 'Content-Type': plainContentType }));
  await session.serve(connection);
}

/**
 * Takes the socket away from Node's HTTP parser: adding a data listener makes the parser give up its direct hold on the
 * handle, after which its own listeners are ours to remove.
 */
function detachParser(socket: Socket): Duplex {
  const hold = () => undefined;
  socket.on('data', hold);
  for (const event of ['data', 'end', 'error', 'drain', 'timeout'] as const) socket.removeAllListeners(event);
  // Neither flowing nor paused, so that the session's first reader starts it: what Node's server does for upgrades.
  Reflect.set(socket, 'readableFlowing', null);
  socket.setTimeout(0);
  socket.on('error', () => socket.destroy());
  return socket;
}

/** A request that is still being sent (chunked, without Upgrade): its body is the session's input. */
function bodyAsInput(request: IncomingMessage, socket: Socket): Duplex {
  const connection = Duplex.from({ readable: request.pipe(new PassThrough()), writable: socket });
  connection.on('error', () => socket.destroy());
  connection.on('close', () => socket.destroySoon());
  return connection;
}

export function headText(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

/** An error answer on a socket that Node's server has let go of. */
export function refuseUpgrade(
  socket: Duplex,
  { status, body }: ErrorAnswer,
  headers: Readonly<Record<string, string>>,
): void {
  if (socket.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  const lines = {
    ...headers,
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
  };
  socket.end(`${headText(`${status} ${STATUS_CODES[status] ?? 'Error'}`, lines)}${text}`);
  if (socket instanceof Socket) socket.destroySoon();
}

/**
 * The body of an upgraded request as a stream of its own; bytes after it are put back onto the socket.
 * @throws WharfError 'request.too-large' | 'request.invalid'
 */
export async function readUpgradeBody(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<Readable> {
  const body = new PassThrough({ highWaterMark: jsonBodyMaxBytes });
  const length = Number(request.headers['content-length'] ?? 0);
  if (request.headers['transfer-encoding'] !== undefined || !Number.isSafeInteger(length)) {
    throw new WharfError('request.invalid', 'an upgraded request must say the length of its body in Content-Length');
  }
  if (length > jsonBodyMaxBytes)
    throw new WharfError('request.too-large', `the request body is larger than ${jsonBodyMaxBytes} bytes`);
  const bytes = await readExactly(socket, head, length);
  body.end(bytes.subarray(0, length));
  if (bytes.length > length) socket.unshift(bytes.subarray(length));
  return body;
}

async function readExactly(socket: Duplex, head: Buffer, length: number): Promise<Buffer> {
  let bytes = head;
  if (bytes.length >= length) return bytes;
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, part]);
    if (bytes.length >= length) return bytes;
  }
  throw new WharfError('request.invalid', 'the connection ended in the middle of the request body');
}
