/** `gc` and `retention` of the registry's command line: on a folder, or by asking a registry that serves. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { WharfError } from '../../../contract/errors.ts';
import { parseValue } from '../../../contract/parse.ts';
import { CollectionReport, RetentionReport } from '../../../contract/registry-routes.ts';
import type { AnySchema, Static } from '../../../contract/schema.ts';
import { isJsonObject } from '../../../oci/json-fields.ts';

/** A registry that serves, and who asks. */
export interface ServingRegistry {
  readonly url: string;
  readonly user?: string;
}

/** The password of `--user`; never on a command line, which every user of the machine can read. */
export const passwordVariable = 'WHARF_REGISTRY_PASSWORD';
const maxAnswerChars = 64 * 1024 * 1024;

export async function askToCollect(
  registry: ServingRegistry,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<CollectionReport> {
  return await ask(registry, `gc?dry-run=${dryRun}`, CollectionReport, signal);
}

export async function askToRetain(
  registry: ServingRegistry,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<RetentionReport> {
  return await ask(registry, `retention?dry-run=${dryRun}`, RetentionReport, signal);
}

export function collectionText({ dryRun, blobs, bytes, uploads }: CollectionReport): string {
  const verb = dryRun ? 'would remove' : 'removed';
  return `${verb} ${blobs} blobs (${bytes} bytes) and ${uploads} unfinished uploads\n`;
}

export function retentionText({ dryRun, hasRules, removed, keptTags }: RetentionReport): string {
  if (!hasRules) return 'the settings have no retention rules: nothing is removed\n';
  const verb = dryRun ? 'would remove' : 'removed';
  const lines = removed.map(({ repository, tag, digest, reason }) => {
    const what = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
    return `${verb} ${what}: ${reason}\n`;
  });
  const tags = removed.filter((removal) => removal.tag !== undefined).length;
  const end = `${verb} ${tags} tags and ${removed.length - tags} manifests; ${keptTags} tags stay\n`;
  return `${lines.join('')}${end}`;
}

async function ask<S extends AnySchema>(
  registry: ServingRegistry,
  path: string,
  schema: S,
  signal: AbortSignal,
): Promise<Static<S>> {
  const url = new URL(`wharf/v1/${path}`, registry.url.endsWith('/') ? registry.url : `${registry.url}/`);
  const answer = await post(url, registry.user, signal);
  const body = await text(answer);
  if (body.length > maxAnswerChars) throw failed(url, 'its answer is too long');
  const json = parsed(body);
  if (answer.statusCode === 200 && isJsonObject(json)) return parseValue(schema, json);
  const [first]: readonly unknown[] = isJsonObject(json) && Array.isArray(json.errors) ? json.errors : [];
  const told = isJsonObject(first) && typeof first.message === 'string' ? `: ${first.message}` : '';
  throw failed(url, `it answered ${answer.statusCode}${told}`);
}

async function post(url: URL, user: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  const password = process.env[passwordVariable];
  if (user !== undefined && password === undefined)
    throw new WharfError('request.invalid', `--user needs the password in the variable ${passwordVariable}`);
  const headers: Record<string, string> = { 'content-length': '0' };
  if (user !== undefined) headers.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise((resolve, reject) => {
    const request = send(url, { method: 'POST', headers, signal }, resolve);
    request.once('error', (error) => reject(failed(url, error.message)));
    request.end();
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Told by the status.
    return undefined;
  }
}

function failed(url: URL, why: string): WharfError {
  return new WharfError('registry.failed', `the registry at ${url.origin} could not be asked: ${why}`);
}
