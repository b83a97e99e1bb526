/**
 * How a client reaches an engine. One interface, several adapters: a UNIX socket or TCP from Node (`client/node`), HTTP
 * and WebSocket through the web gateway, message ports through Electron's main process. All pass one shared suite
 * (`transport-suite.ts`).
 */
export interface WireRequest {
  readonly method: string;
  /** Path with query, without the API version prefix: `/containers/json?all=1`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A whole body, or a stream for uploads. */
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
}

export interface WireResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReadableStream<Uint8Array>;
}

/** A taken-over connection: bytes both ways until either side ends. */
export interface HijackedConnection {
  /** Status and headers of the answer (101 or 200). `content-type` tells raw from multiplexed framing. */
  readonly headers: Readonly<Record<string, string>>;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Ends our side of the writing; the other side sees end of file on stdin. */
  closeWrite(): Promise<void>;
  close(): void;
}

export interface Transport {
  /** @throws WharfError 'daemon.unreachable' when nothing listens. HTTP errors are answers, not throws. */
  request(request: WireRequest, options?: { readonly signal?: AbortSignal }): Promise<WireResponse>;
  /** @throws WharfError from the answer's body when the engine refuses to take the connection over. */
  hijack(request: WireRequest, options?: { readonly signal?: AbortSignal }): Promise<HijackedConnection>;
}
