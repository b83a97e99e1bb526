import { blockBytes, decodeHeader, type PaxValues, paddingOf, parsePaxRecords, type TarEntry } from './tar-header.ts';

export interface TarItem {
  readonly entry: TarEntry;
  /** Read it whole, or not at all, before the next item. */
  readonly data: AsyncIterable<Uint8Array>;
}

const maxRecordBytes = 1024 * 1024;

/** Entries of an archive as they come. @throws Error for an archive that is broken or cut */
export async function* readTar(stream: ReadableStream<Uint8Array>): AsyncGenerator<TarItem, void, undefined> {
  const source = new ByteSource(stream);
  let pending: Record<string, string> = {};
  try {
    for (;;) {
      const block = await source.take(blockBytes);
      if (block === undefined) return;
      const header = decodeHeader(block, pending);
      if (header.kind === 'end') {
        await source.skipRest();
        return;
      }
      if (header.kind !== 'entry') {
        pending = { ...pending, ...(await readExtra(source, header.kind, header.sizeBytes)) };
        continue;
      }
      pending = {};
      const { entry } = header;
      const body = source.limited(entry.sizeBytes);
      yield { entry, data: body };
      // What the consumer left is passed over.
      for await (const _ of body);
      await source.skip(paddingOf(entry.sizeBytes));
    }
  } finally {
    await source.close();
  }
}

async function readExtra(
  source: ByteSource,
  kind: 'pax' | 'gnu-path' | 'gnu-link' | 'skip',
  sizeBytes: number,
): Promise<PaxValues> {
  if (sizeBytes > maxRecordBytes) throw new Error('reading the archive: an extended header is too large');
  const data = (await source.take(sizeBytes)) ?? Buffer.alloc(0);
  await source.skip(paddingOf(sizeBytes));
  if (kind === 'pax') return parsePaxRecords(data);
  const name = data.toString('utf8').replace(/\0+$/, '');
  if (kind === 'gnu-path') return { path: name };
  return kind === 'gnu-link' ? { linkpath: name } : {};
}

/** Bytes of a stream by number. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Exactly so many bytes; undefined at a clean end. */
  async take(count: number): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = [];
    let left = count;
    while (left > 0) {
      const chunk = await this.#next(left);
      if (chunk === undefined) {
        if (parts.length === 0) return undefined;
        throw cut();
      }
      parts.push(chunk);
      left -= chunk.length;
    }
    return Buffer.concat(parts);
  }

  async skip(count: number): Promise<void> {
    for await (const _ of this.limited(count));
  }

  async *limited(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    let left = count;
    while (left > 0) {
      const chunk = await this.#next(left);
      if (chunk === undefined) throw cut();
      left -= chunk.length;
      yield chunk;
    }
  }

  async skipRest(): Promise<void> {
    while ((await this.#next(Number.POSITIVE_INFINITY)) !== undefined);
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }

  async #next(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#rest = value;
    }
    const chunk = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(chunk.length);
    return chunk;
  }
}

function cut(): Error {
  return new Error('reading the archive: it ends in the middle of an entry');
}
