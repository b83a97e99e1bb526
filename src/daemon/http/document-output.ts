/** Newline-separated JSON documents on an answer, bounded for slow readers. */
import type { ServerResponse } from 'node:http';
import type { DocumentOutput } from './handler.ts';

/** Progress updates are dropped while this many bytes wait. */
const lossyMaxBytes = 256 * 1024;
/** A reader that leaves this much unread is cut off. */
const unreadMaxBytes = 16 * 1024 * 1024;

export interface StartedOutput extends DocumentOutput {
  started(): boolean;
}

export function documentOutput(response: ServerResponse): StartedOutput {
  const flushHead = () => {
    if (response.headersSent) return;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
  };
  const sendText = (json: string) => {
    if (response.destroyed || response.writableEnded) return;
    flushHead();
    if (response.writableLength > unreadMaxBytes) {
      response.destroy();
      return;
    }
    response.write(`${json}\r\n`);
  };
  return {
    flushHead,
    sendText,
    send(document, options) {
      if (options?.lossy && response.writableLength > lossyMaxBytes) return;
      sendText(JSON.stringify(document));
    },
    setHeader(name, value) {
      if (!response.headersSent) response.setHeader(name, value);
    },
    started: () => response.headersSent,
  };
}
