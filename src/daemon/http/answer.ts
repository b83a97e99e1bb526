/** Runs a handler and writes what it answers, by the kind of its route. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../logger.ts';
import { documentOutput } from './document-output.ts';
import { type ErrorAnswer, errorAnswer, progressFailure } from './error-answer.ts';
import type { BytesReply, DocumentOutput, EmptyReply, RawReply, RequestContext, TextReply } from './handler.ts';
import { takeOverPlain } from './hijack.ts';
import type { ResolvedRequest } from './resolve-request.ts';

/**
 * A handler whose route is known at run time only. The table's types were checked where the handlers were made
 * (`Handlers`); here they meet routes as data.
 */
export type UntypedHandler = (context: RequestContext, output?: DocumentOutput) => unknown;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly resolved: ResolvedRequest;
  readonly context: RequestContext;
  readonly handler: UntypedHandler;
  readonly log: Logger;
}

export async function answer(exchange: Exchange): Promise<void> {
  const { spec } = exchange.resolved;
  switch (spec.response) {
    case 'json':
      return sendJson(exchange.response, spec.status ?? 200, await exchange.handler(exchange.context));
    case 'text':
      return sendText(exchange.response, (await exchange.handler(exchange.context)) as TextReply);
    case 'empty':
      return sendEmpty(exchange, (await exchange.handler(exchange.context)) as EmptyReply | undefined);
    case 'json-stream':
      return await sendDocuments(exchange);
    case 'bytes':
      return await sendBytes(exchange, (await exchange.handler(exchange.context)) as BytesReply);
    case 'raw-stream':
      return await sendRaw(exchange, (await exchange.handler(exchange.context)) as RawReply);
    case 'hijack':
      return await takeOverPlain(exchange);
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  // As text: Node then writes head and body in one piece, where bytes would be a second one.
  const text = `${JSON.stringify(value)}\n`;
  if (!response.headersSent)
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function sendText(response: ServerResponse, { text, headers }: TextReply): void {
  const bytes = Buffer.from(text);
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': bytes.length, ...headers });
  response.end(bytes);
}

function sendEmpty({ response, resolved }: Exchange, reply: EmptyReply | undefined): void {
  const status = reply?.status ?? resolved.spec.status ?? 200;
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': 0 };
  response.writeHead(status, { ...length, ...reply?.headers });
  response.end();
}

async function sendDocuments({ response, context, handler, resolved, log }: Exchange): Promise<void> {
  const output = documentOutput(response);
  try {
    await handler(context, output);
    output.flushHead();
    response.end();
  } catch (error) {
    if (!output.started()) throw error;
    if (response.destroyed || context.signal.aborted) return void response.destroy();
    // Progress streams carry their failure as a last line; other streams have no place for one.
    if (resolved.spec.bodyBytes) output.send(progressFailure(error, log));
    else errorAnswer(error, log);
    response.end();
  }
}

async function sendBytes({ response, context }: Exchange, { headers, body }: BytesReply): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/x-tar', ...headers });
  await pipeline(body, response, { signal: context.signal });
}

async function sendRaw({ response, context }: Exchange, { contentType, body }: RawReply): Promise<void> {
  response.writeHead(200, { 'Content-Type': contentType });
  response.flushHeaders();
  await pipeline(body, response, { signal: context.signal });
}

/** The error as an answer; when the headers are out it can only be told by cutting the connection. */
export function sendError(response: ServerResponse, { status, body }: ErrorAnswer): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
  response.end(bytes);
}
