/**
 * The part of the DNS wire format (RFC 1035) that a container's resolver needs: read a question, write an answer.
 * Everything else is passed on to the host's resolvers as bytes. Bounded: one question, names of 255 bytes, no recursion
 * through compression pointers. Pure.
 */
export const recordTypes = { a: 1, ptr: 12, aaaa: 28 } as const;
export const responseCodes = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;
const classInternet = 1;
const headerBytes = 12;
const maxNameBytes = 255;
const plainDatagramBytes = 512;
const optRecord = 41;
/** More would be cut into fragments on the way. */
const edns = { max: 4096 } as const;

export interface DnsQuestion {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question section's bytes, to be repeated in the answer: clients may check the case they sent (0x20). */
  readonly questionBytes: Uint8Array;
  /** Longest datagram the client takes: 512, or more when it says so (EDNS, RFC 6891). */
  readonly maxDatagramBytes: number;
}

export interface DnsAnswer {
  readonly type: number;
  /** Address bytes for A and AAAA, a name for PTR. */
  readonly data: Uint8Array | string;
}

/** @returns undefined when the bytes are no plain query with one question */
export function decodeQuestion(message: Uint8Array): DnsQuestion | undefined {
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (buffer.length < headerBytes + 5) return undefined;
  const flags = buffer.readUInt16BE(2);
  const isResponse = (flags & 0x8000) !== 0;
  const opcode = (flags >> 11) & 0xf;
  if (isResponse || opcode !== 0 || buffer.readUInt16BE(4) !== 1) return undefined;
  const name = readQuestionName(buffer, headerBytes);
  if (name === undefined || name.end + 4 > buffer.length) return undefined;
  return {
    id: buffer.readUInt16BE(0),
    recursionDesired: (flags & 0x0100) !== 0,
    name: name.text,
    type: buffer.readUInt16BE(name.end),
    class: buffer.readUInt16BE(name.end + 2),
    questionBytes: buffer.subarray(headerBytes, name.end + 4),
    maxDatagramBytes: maxDatagram(buffer, name.end + 4),
  };
}

/** Reads the OPT record, which clients put first and alone behind the question; its class is the size. */
function maxDatagram(buffer: Buffer, offset: number): number {
  const additional = buffer.readUInt16BE(10);
  const behindQuestion = buffer.readUInt16BE(6) === 0 && buffer.readUInt16BE(8) === 0;
  if (additional === 0 || !behindQuestion || buffer.length < offset + 5 || buffer[offset] !== 0)
    return plainDatagramBytes;
  if (buffer.readUInt16BE(offset + 1) !== optRecord) return plainDatagramBytes;
  return Math.min(edns.max, Math.max(plainDatagramBytes, buffer.readUInt16BE(offset + 3)));
}

export function isInternet(question: DnsQuestion): boolean {
  return question.class === classInternet;
}

/** A question holds no compression pointers: nothing comes before it that it could point to. */
function readQuestionName(buffer: Buffer, start: number): { text: string; end: number } | undefined {
  const labels: string[] = [];
  let offset = start;
  while (offset < buffer.length && offset - start <= maxNameBytes) {
    const length = buffer[offset] ?? 0;
    if (length === 0) return { text: labels.join('.').toLowerCase(), end: offset + 1 };
    if (length > 63 || offset + 1 + length > buffer.length) return undefined;
    labels.push(buffer.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return undefined;
}

export interface DnsResponse {
  readonly code: number;
  readonly answers: readonly DnsAnswer[];
  readonly ttlSeconds: number;
  /** Longest message the client takes; answers that do not fit are left out and the message is marked truncated. */
  readonly maxBytes: number;
}

export function encodeResponse(question: DnsQuestion, response: DnsResponse): Buffer {
  const parts: Buffer[] = [];
  let bytes = headerBytes + question.questionBytes.length;
  let truncated = false;
  for (const answer of response.answers) {
    const record = encodeRecord(answer, response.ttlSeconds);
    if (bytes + record.length > response.maxBytes) {
      truncated = true;
      break;
    }
    bytes += record.length;
    parts.push(record);
  }
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  // Response, recursion available; authoritative only in what is answered here.
  const flags = 0x8080 | (question.recursionDesired ? 0x0100 : 0) | (truncated ? 0x0200 : 0) | response.code;
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(parts.length, 6);
  return Buffer.concat([header, question.questionBytes, ...parts]);
}

function encodeRecord(answer: DnsAnswer, ttlSeconds: number): Buffer {
  const data = typeof answer.data === 'string' ? encodeName(answer.data) : Buffer.from(answer.data);
  const head = Buffer.alloc(12);
  // The owner is always the question's name: a pointer to the first byte after the header.
  head.writeUInt16BE(0xc000 | headerBytes, 0);
  head.writeUInt16BE(answer.type, 2);
  head.writeUInt16BE(classInternet, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1').subarray(0, 63);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** A query, for tests and for asking upstream on our own account. */
export function encodeQuery(query: { readonly id: number; readonly name: string; readonly type: number }): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(query.type, 0);
  tail.writeUInt16BE(classInternet, 2);
  return Buffer.concat([header, encodeName(query.name), tail]);
}

/** The address a reverse name (`2.0.17.172.in-addr.arpa`, `….ip6.arpa`) asks for, as bytes; undefined for other names. */
export function reverseAddress(name: string): Uint8Array | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const parts = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse();
    if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined;
    return Uint8Array.from(parts.map(Number));
  }
  if (name.endsWith('.ip6.arpa')) {
    const digits = name.slice(0, -'.ip6.arpa'.length).split('.').reverse();
    if (digits.length !== 32 || digits.some((digit) => !/^[0-9a-f]$/.test(digit))) return undefined;
    return Uint8Array.from(Buffer.from(digits.join(''), 'hex'));
  }
  return undefined;
}
