import { Duplex } from 'node:stream';

/** A client's connection whose other end the test holds. */
export function testConnection(): {
  readonly server: Duplex;
  readonly received: () => Buffer;
  send(text: string): void;
  endInput(): void;
  closed: Promise<void>;
} {
  const chunks: Buffer[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const server = new Duplex({
    allowHalfOpen: true,
    read() {},
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
    final(done) {
      resolve();
      done();
    },
  });
  return {
    server,
    received: () => Buffer.concat(chunks),
    send: (text) => server.push(text),
    endInput: () => server.push(null),
    closed,
  };
}

/** stdout and stderr of a framed stream, apart. */
export function unframe(bytes: Buffer): { readonly stdout: string; readonly stderr: string } {
  const out: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  for (let offset = 0; offset < bytes.length; ) {
    const length = bytes.readUInt32BE(offset + 4);
    const text = bytes.subarray(offset + 8, offset + 8 + length).toString();
    out[bytes[offset] === 2 ? 'stderr' : 'stdout'] += text;
    offset += 8 + length;
  }
  return out;
}
