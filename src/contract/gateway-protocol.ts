import { Type } from 'typebox';
import type { HostReply } from './host-api.ts';

/**
 * How a browser speaks to the web gateway. Everything needs the session cookie; everything but GET of static files needs
 * the gateway's own Origin too.
 *
 *   /engine/<engine path>   HTTP, relayed to the engine as it is: /engine/containers/json?all=1
 *   /engine-socket          WebSocket, one for each hijacked connection (attach, exec start). Messages:
 *        browser -> gateway, first   text    HijackOpen
 *        gateway -> browser, first   text    HijackAnswer; when `body` is there, the engine refused and the socket closes
 *        both ways                   binary  bytes of the connection
 *        browser -> gateway          text    {"end":true}: no more input from us (end of file on stdin)
 *        the gateway closes with 1000 when the engine ended the connection
 *   /host/<method>          POST of the method's input as JSON with header `x-wharf: 1`; answer: HostReply
 *   /host-socket            WebSocket: HostSocketEvent from the gateway; HostSocketCall from the browser for methods that
 *                           are `ordered` in the table (a POST a keystroke would arrive out of order), each answered by
 *                           one HostSocketReply
 */
export const gatewayPaths = {
  engine: '/engine',
  engineSocket: '/engine-socket',
  host: '/host',
  hostSocket: '/host-socket',
  signIn: '/sign-in',
} as const;

/** Header every POST carries; a plain cross-site form can not set it. */
export const gatewayHeader = 'x-wharf';

export const HijackOpen = Type.Object({
  method: Type.Union([Type.Literal('GET'), Type.Literal('POST')]),
  /** Engine path with query: `/exec/abc/start`. */
  path: Type.String({ minLength: 1, maxLength: 8192 }),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Request body in base64. */
  body: Type.Optional(Type.String({ maxLength: 4_000_000 })),
});
export type HijackOpen = { method: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string };

export interface HijackAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text of the engine's error answer. Absent when the connection was taken over. */
  readonly body?: string;
}

export const HostSocketCall = Type.Object({ id: Type.Integer(), method: Type.String(), input: Type.Unknown() });
export type HostSocketCall = { id: number; method: string; input: unknown };
export type HostSocketReply = { readonly id: number; readonly reply: HostReply };
export type HostSocketEvent = { readonly event: string; readonly payload: unknown };
