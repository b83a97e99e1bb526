/**
 * The netlink wire format (linux/netlink.h): messages and attributes, both padded to four bytes, in host byte order
 * (little endian on every architecture Wharf supports). Pure.
 */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** One attribute; an array of attributes makes a nested one. */
export type Attribute = readonly [type: number, value: Uint8Array | readonly Attribute[]];

export const messageFlags = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  /** For get requests: the whole table. */
  dump: 0x300,
  /** For new requests. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

export const messageTypes = { noop: 1, error: 2, done: 3 } as const;

const headerBytes = 16;
const attributeHeaderBytes = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER live in the top bits of an attribute's type. */
const nestedFlag = 0x8000;
const typeMask = 0x3fff;

const align = (bytes: number): number => (bytes + 3) & ~3;

export function encodeMessage(message: NetlinkMessage): Buffer {
  const buffer = Buffer.alloc(headerBytes + align(message.payload.length));
  buffer.writeUInt32LE(headerBytes + message.payload.length, 0);
  buffer.writeUInt16LE(message.type, 4);
  buffer.writeUInt16LE(message.flags, 6);
  buffer.writeUInt32LE(message.sequence, 8);
  message.payload.copy(buffer, headerBytes);
  return buffer;
}

/** Splits one datagram into its messages. A cut message ends the list: the kernel never sends one. */
export function decodeMessages(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + headerBytes <= datagram.length) {
    const length = datagram.readUInt32LE(offset);
    if (length < headerBytes || offset + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      payload: datagram.subarray(offset + headerBytes, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  return Buffer.concat(attributes.map(encodeAttribute));
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const nested = !(value instanceof Uint8Array);
  const data = nested ? encodeAttributes(value) : value;
  const buffer = Buffer.alloc(attributeHeaderBytes + align(data.length));
  buffer.writeUInt16LE(attributeHeaderBytes + data.length, 0);
  buffer.writeUInt16LE(nested ? type | nestedFlag : type, 2);
  buffer.set(data, attributeHeaderBytes);
  return buffer;
}

/** Attributes by type, flags cut off; of repeated ones the last stays. */
export function decodeAttributes(data: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  let offset = 0;
  while (offset + attributeHeaderBytes <= data.length) {
    const length = data.readUInt16LE(offset);
    if (length < attributeHeaderBytes || offset + length > data.length) break;
    attributes.set(
      data.readUInt16LE(offset + 2) & typeMask,
      data.subarray(offset + attributeHeaderBytes, offset + length),
    );
    offset += align(length);
  }
  return attributes;
}

export function u8(value: number): Buffer {
  return Buffer.of(value);
}

export function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value, 0);
  return buffer;
}

export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
}

/** A zero-terminated string. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export function readText(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end < 0 ? data.length : end);
}
