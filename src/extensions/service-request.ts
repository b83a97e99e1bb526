import http from 'node:http';
import { WharfError } from '../contract/errors.ts';
import type { ServiceRequest, ServiceResponse } from '../contract/host-schemas.ts';

const answerMaxBytes = 32 * 1024 * 1024;
const limitMs = 120_000;
const hopHeaders = [
  'host',
  'connection',
  'upgrade',
  'transfer-encoding',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
];

/**
 * One HTTP request to an extension's backend over its socket.
 *
 * @throws WharfError 'extension.not-found' when nothing listens there (yet)
 */
export async function requestOverSocket(socketPath: string, request: ServiceRequest): Promise<ServiceResponse> {
  if (!request.url.startsWith('/') || /[\s\\#]/.test(request.url)) {
    throw new WharfError('request.invalid', `a service address is a path that starts with a slash, not ${request.url}`);
  }
  const isText = typeof request.data === 'string';
  const body = request.data === undefined ? undefined : isText ? String(request.data) : JSON.stringify(request.data);
  const headers: Record<string, string> = body === undefined || isText ? {} : { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (!hopHeaders.includes(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  const answer = await send(socketPath, request, headers, body);
  const type = answer.headers['content-type'] ?? '';
  return { ...answer, data: /\bjson\b/.test(type) ? parseJson(answer.text) : answer.text };
}

function send(
  socketPath: string,
  { method, url }: ServiceRequest,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  const signal = AbortSignal.timeout(limitMs);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(
        new WharfError('extension.not-found', `the extension's backend does not answer: ${cause.message}`, {
          hint: 'Its container may still be starting; look at its logs.',
          cause,
        }),
      );
    const options = { socketPath, agent: false, method, path: url, headers: { host: 'localhost', ...headers }, signal };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerMaxBytes) response.destroy(new Error('the answer is larger than 32 MiB'));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        const flat: Record<string, string> = {};
        for (const [name, value] of Object.entries(response.headers))
          if (value !== undefined) flat[name] = String(value);
        resolve({ status: response.statusCode ?? 0, headers: flat, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
