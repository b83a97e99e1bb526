/**
 * HTTP/1.1 answers, parsed as their bytes come. By hand over node:net because loading node:http costs a command line
 * program as much again as the request (measured: 31-47 ms against 40-95 ms from start to answer).
 *
 *   head ── content-length ──> fixed ──┐
 *     ├──── chunked ─────────> size <─> data ─> trailers ──> done
 *     ├──── neither ─────────> until the connection ends ────┘
 *     └──── 101, or 200 to an upgrade: everything after the head belongs to the taken-over connection
 *
 * RFC 9112 sections 6 and 7. Interim answers (100) are skipped.
 */
import { WharfError } from '../../contract/errors.ts';

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; repeated ones joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ResponseSink {
  /** Answers whether everything after the head is raw bytes of a taken-over connection. */
  head(head: ResponseHead): boolean;
  data(bytes: Uint8Array): void;
  end(): void;
}

type Framing =
  | { kind: 'head' }
  | { kind: 'fixed'; left: number }
  | { kind: 'chunked'; part: 'size' | 'data' | 'data-end' | 'trailers'; left: number }
  | { kind: 'rest' }
  | { kind: 'done' };

const headMaxBytes = 256 * 1024;
const lineMaxBytes = 16 * 1024;

export class ResponseReader {
  private readonly sink: ResponseSink;
  private readonly headOnly: boolean;
  private framing: Framing = { kind: 'head' };
  /** Bytes of an incomplete head or line. */
  private pending: Buffer = Buffer.alloc(0);

  /** @param options.headOnly the request was HEAD: no body follows whatever the headers say */
  constructor(sink: ResponseSink, options: { readonly headOnly: boolean }) {
    this.sink = sink;
    this.headOnly = options.headOnly;
  }

  /** @throws WharfError 'engine.protocol' on bytes that are not HTTP */
  push(chunk: Buffer): void {
    let bytes = chunk;
    while (bytes.length > 0) {
      switch (this.framing.kind) {
        case 'head':
          bytes = this.readHead(bytes);
          break;
        case 'fixed':
          bytes = this.readFixed(bytes, this.framing);
          break;
        case 'chunked':
          bytes = this.readChunked(bytes, this.framing);
          break;
        case 'rest':
          this.sink.data(bytes);
          return;
        case 'done':
          return;
      }
    }
  }

  /** The connection ended. @returns whether the answer was complete */
  end(): boolean {
    if (this.framing.kind === 'rest') this.finish();
    return this.framing.kind === 'done';
  }

  private finish(): void {
    this.framing = { kind: 'done' };
    this.sink.end();
  }

  private readHead(bytes: Buffer): Buffer {
    const all = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    const end = all.indexOf('\r\n\r\n');
    if (end < 0) {
      if (all.length > headMaxBytes || !looksLikeHttp(all)) throw notHttp(all);
      this.pending = all;
      return Buffer.alloc(0);
    }
    this.pending = Buffer.alloc(0);
    const head = parseHead(all.toString('latin1', 0, end));
    const rest = all.subarray(end + 4);
    if (head.status >= 100 && head.status < 200 && head.status !== 101) return rest;
    const raw = this.sink.head(head);
    this.framing = raw ? { kind: 'rest' } : this.framingOf(head);
    if (this.framing.kind === 'done' || (this.framing.kind === 'fixed' && this.framing.left === 0)) this.finish();
    return rest;
  }

  private framingOf(head: ResponseHead): Framing {
    if (this.headOnly || head.status === 204 || head.status === 304) return { kind: 'done' };
    if (/\bchunked\b/i.test(head.headers['transfer-encoding'] ?? '')) return { kind: 'chunked', part: 'size', left: 0 };
    const length = head.headers['content-length'];
    if (length === undefined) return { kind: 'rest' };
    if (!/^\d+$/.test(length)) throw protocolError(`the content length is not a number: ${length.slice(0, 40)}`);
    return { kind: 'fixed', left: Number(length) };
  }

  private readFixed(bytes: Buffer, framing: { left: number }): Buffer {
    const taken = bytes.subarray(0, framing.left);
    framing.left -= taken.length;
    this.sink.data(taken);
    if (framing.left === 0) this.finish();
    return bytes.subarray(taken.length);
  }

  private readChunked(
    bytes: Buffer,
    framing: { part: 'size' | 'data' | 'data-end' | 'trailers'; left: number },
  ): Buffer {
    if (framing.part === 'data') {
      const taken = bytes.subarray(0, framing.left);
      framing.left -= taken.length;
      this.sink.data(taken);
      if (framing.left === 0) framing.part = 'data-end';
      return bytes.subarray(taken.length);
    }
    const end = bytes.indexOf(0x0a);
    const line = Buffer.concat([this.pending, end < 0 ? bytes : bytes.subarray(0, end + 1)]);
    if (line.length > lineMaxBytes) throw protocolError('a chunk header is too long');
    if (end < 0) {
      this.pending = line;
      return Buffer.alloc(0);
    }
    this.pending = Buffer.alloc(0);
    const text = line.toString('latin1').trim();
    if (framing.part === 'data-end') {
      if (text !== '') throw protocolError('a chunk is longer than announced');
      framing.part = 'size';
    } else if (framing.part === 'trailers') {
      if (text === '') this.finish();
    } else {
      const size = /^[0-9a-f]{1,13}(?=$|[;\s])/i.exec(text)?.[0];
      if (size === undefined) throw protocolError(`not a chunk size: ${text.slice(0, 40)}`);
      framing.left = Number.parseInt(size, 16);
      framing.part = framing.left === 0 ? 'trailers' : 'data';
    }
    return bytes.subarray(end + 1);
  }
}

function looksLikeHttp(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 5);
  return 'HTTP/'.startsWith(start.slice(0, bytes.length));
}

function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw notHttp(Buffer.from(first, 'latin1'));
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw protocolError(`not a header line: ${line.slice(0, 80)}`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: Number(status), headers };
}

function notHttp(bytes: Buffer): WharfError {
  const start = JSON.stringify(bytes.toString('latin1', 0, 60));
  return protocolError(`the answer is not HTTP, it starts with ${start}`);
}

function protocolError(why: string): WharfError {
  return new WharfError('engine.protocol', `reading the engine's answer: ${why}`);
}
