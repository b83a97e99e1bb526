/** What a registry's refusal means: its JSON errors where it sends some, its status where not. */
import type { IncomingMessage } from 'node:http';
import { type ErrorCode, WharfError } from '../../contract/errors.ts';
import { isJsonObject } from '../../oci/json-fields.ts';
import { type DocumentLimits, readDocument } from './document-body.ts';
import { attempt } from './network-failure.ts';

/** A refusal as the registry told it. */
export interface Refusal {
  readonly status: number;
  /** The distribution specification's code, such as `MANIFEST_UNKNOWN`; empty when the answer had none. */
  readonly code: string;
  /** In the form Go's client prints: `manifest unknown: manifest unknown`. */
  readonly text: string;
  readonly html: boolean;
  readonly retryAfterMs: number | undefined;
}

export async function readRefusal(response: IncomingMessage, url: URL, limits: DocumentLimits): Promise<Refusal> {
  const status = response.statusCode ?? 0;
  const html = isHtml(response);
  const body = await readDocument(response, url, { ...limits, maxBytes: 256 * 1024 }).catch((error: unknown) => {
    if (limits.signal.aborted) throw error;
    return Buffer.alloc(0);
  });
  const first = firstError(body.toString('utf8'));
  const code = first?.code ?? '';
  const said = code.toLowerCase().replaceAll('_', ' ');
  const text =
    first === undefined
      ? `unexpected HTTP status: ${status} ${response.statusMessage ?? ''}`.trim()
      : said === ''
        ? first.message
        : `${said}: ${first.message || said}`;
  return { status, code, text: text.slice(0, 1000), html, retryAfterMs: retryAfterMs(response.headers['retry-after']) };
}

export function isHtml(response: IncomingMessage): boolean {
  return /^\s*(text\/html|application\/xhtml)/i.test(response.headers['content-type'] ?? '');
}

/** `Retry-After` in seconds or as a date, as milliseconds from now. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function firstError(text: string): { code: string; message: string } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  const string = (value: unknown): string => (typeof value === 'string' ? value : '');
  if (Array.isArray(json.errors)) {
    const first: unknown = json.errors[0];
    if (isJsonObject(first)) return { code: string(first.code), message: string(first.message) };
  }
  // Token services answer {"details": ...}, {"error", "error_description"} or {"message"}.
  const message = string(json.details) || string(json.error_description) || string(json.message) || string(json.error);
  return message === '' ? undefined : { code: '', message };
}

/** The error of a refusal that means the same whatever was asked. */
export function refusalError(refusal: Refusal, method: string, url: URL): WharfError {
  const what = attempt(method, url);
  if (refusal.html && refusal.status < 500) return notARegistry(method, url, 'a web page (HTML)');
  if (refusal.status === 429 || refusal.code === 'TOOMANYREQUESTS') {
    const seconds = refusal.retryAfterMs === undefined ? undefined : Math.ceil(refusal.retryAfterMs / 1000);
    const hint = seconds === undefined ? {} : { hint: `Wait ${seconds} seconds, or sign in for a higher limit.` };
    return new WharfError('registry.rate-limited', `${what}: ${refusal.text}`, hint);
  }
  if (refusal.status === 401)
    return new WharfError('auth.required', `${what}: ${withCode(refusal, 'unauthorized: authentication required')}`);
  if (refusal.status === 403)
    return new WharfError('auth.denied', `${what}: ${withCode(refusal, 'denied: access forbidden')}`);
  return new WharfError('registry.failed', `${what}: received ${refusal.text}`);
}

export function notARegistry(method: string, url: URL, got: string): WharfError {
  const code: ErrorCode = 'registry.protocol';
  return new WharfError(
    code,
    `${attempt(method, url)}: ${url.host} does not answer as a registry does: it sent ${got}`,
    {
      hint: `Check that ${url.host} is a registry, and that no sign-in page of a network or proxy stands before it.`,
    },
  );
}

function withCode(refusal: Refusal, otherwise: string): string {
  return refusal.code === '' ? otherwise : refusal.text;
}
