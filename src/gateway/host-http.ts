import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Value } from 'typebox/value';
import type { WebSocket } from 'ws';
import { WharfError } from '../contract/errors.ts';
import {
  gatewayPaths,
  HostSocketCall,
  type HostSocketEvent,
  type HostSocketReply,
} from '../contract/gateway-protocol.ts';
import { type HostReply, toWireError } from '../contract/host-api.ts';
import type { HostDispatch } from '../host/host-dispatch.ts';
import type { HostEvents } from '../host/host-events.ts';
import type { HostTerminals } from '../host/host-terminals.ts';

const bodyMaxBytes = 16 * 1024 * 1024;
/** A browser that stops reading is cut off, rather than have its events pile up here. */
const unsentMaxBytes = 16 * 1024 * 1024;

/** POST /host/<method>: the method's input as JSON, answered by a HostReply. */
export async function serveHostCall(
  dispatch: HostDispatch,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = (request.url ?? '').slice(gatewayPaths.host.length + 1);
  const reply: HostReply = await readJson(request).then(
    (input) => dispatch.call(method, input, { id: 'http' }),
    (error: unknown) => ({ ok: false, error: toWireError(error) }),
  );
  response.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(reply));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > bodyMaxBytes) throw new WharfError('request.too-large', 'the call is too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new WharfError('request.malformed-json', 'the call is not valid JSON', { cause });
  }
}

/** One browser's socket: events down, ordered calls up. Its terminals end with it. */
export function serveHostSocket(
  socket: WebSocket,
  services: { dispatch: HostDispatch; events: HostEvents; terminals: HostTerminals },
): void {
  const caller = { id: `ws-${randomBytes(9).toString('base64url')}` };
  const send = (message: HostSocketEvent | HostSocketReply) => {
    if (socket.bufferedAmount > unsentMaxBytes) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const off = services.events.listen((event, payload, to) => {
    // Calls over POST come from the same browser but know no socket; what they start is told to all sockets.
    if (to === undefined || to === caller.id || to === 'http') send({ event, payload });
  });
  // One call after another: what was typed first is written first.
  let turn: Promise<void> = Promise.resolve();
  socket.on('message', (data) => {
    const call = parseCall(String(data));
    if (call === undefined) return socket.close(1008);
    turn = turn.then(async () => {
      send({ id: call.id, reply: await services.dispatch.call(call.method, call.input, caller) });
    });
  });
  socket.on('error', () => socket.terminate());
  socket.once('close', () => {
    off();
    services.terminals.closeAllOf(caller.id);
  });
}

function parseCall(text: string): HostSocketCall | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(HostSocketCall, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
