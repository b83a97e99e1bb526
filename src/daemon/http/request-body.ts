/** JSON request bodies, read whole within a bound. */
import type { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import { parseJsonBody, parseValue } from '../../contract/parse.ts';
import type { RouteSpec } from '../../contract/route.ts';

/** The largest body a Docker client sends is a container's config: kilobytes. */
export const jsonBodyMaxBytes = 8 * 1024 * 1024;

export interface BodySource {
  readonly stream: Readable;
  readonly contentType: string | undefined;
}

/**
 * The route's body, parsed; undefined when it has none or none was sent and that is allowed.
 * @throws WharfError 'request.too-large' | 'request.malformed-json' | 'request.invalid'
 */
export async function readJsonBody(spec: RouteSpec, source: BodySource): Promise<unknown> {
  if (spec.body === undefined) return undefined;
  const text = await readBounded(source.stream);
  if (text.trim() === '' && spec.bodyOptional) return undefined;
  if (text !== '') checkContentType(source.contentType ?? '');
  return parseValue(spec.body, parseJsonBody(text));
}

/**
 * Reads past a body that nobody asked for.
 * @throws WharfError 'request.too-large' | 'request.invalid' when it stops coming
 */
export async function skipBody(stream: Readable): Promise<void> {
  if (!stream.readableEnded) await readBounded(stream);
}

/** A client that sends half a body and then nothing must not hold its part of it for ever. */
const silentMaxMs = 60_000;

async function readBounded(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  const silence = setTimeout(() => stream.destroy(tooSlow()), silentMaxMs);
  try {
    for await (const part of stream.iterator({ destroyOnReturn: false })) {
      silence.refresh();
      size += part.length;
      if (size > jsonBodyMaxBytes) {
        throw new WharfError('request.too-large', `the request body is larger than ${jsonBodyMaxBytes} bytes`);
      }
      parts.push(part);
    }
  } finally {
    clearTimeout(silence);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

function tooSlow(): WharfError {
  return new WharfError('request.invalid', 'the request body did not come in time', { status: 408 });
}

/** A browser can send other types across sites without asking first; Docker refuses them too. */
function checkContentType(contentType: string): void {
  if (/^application\/json\s*(?:;|$)/i.test(contentType)) return;
  if (contentType.trim() === '')
    throw new WharfError('request.invalid', 'malformed Content-Type header (): mime: no media type');
  throw new WharfError(
    'request.invalid',
    `unsupported Content-Type header (${contentType.slice(0, 80)}): must be 'application/json'`,
  );
}
