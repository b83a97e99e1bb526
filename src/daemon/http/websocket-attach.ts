/** Attach over a WebSocket: binary messages are bytes; output comes unframed, as Docker's does. */
import type { IncomingMessage } from 'node:http';
import { Duplex, Transform } from 'node:stream';
import type { StreamSession } from '../containers/container-service.ts';

/** Answers when the session has ended and the WebSocket is closed. */
export async function serveWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  session: StreamSession,
): Promise<void> {
  // Loaded on first use: few clients attach this way, and an idle daemon stays small.
  const { WebSocketServer, createWebSocketStream } = await import('ws');
  const server = new WebSocketServer({ noServer: true, maxPayload: 1024 * 1024, perMessageDeflate: false });
  const bytes = await new Promise<Duplex>((resolve) => {
    server.handleUpgrade(request, socket, head, (webSocket) => resolve(createWebSocketStream(webSocket)));
  });
  bytes.on('error', () => bytes.destroy());
  if (session.contentType === 'application/vnd.docker.raw-stream') return await session.serve(bytes);
  const unframed = frameStripper();
  unframed.pipe(bytes);
  const connection = Duplex.from({ readable: bytes, writable: unframed });
  connection.on('error', () => bytes.destroy());
  bytes.on('close', () => connection.destroy());
  await session.serve(connection);
}

/** Takes Docker's 8-byte frame headers out of a stream. */
export function frameStripper(): Transform {
  const header = Buffer.alloc(8);
  let headerFill = 0;
  let left = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let at = 0;
      while (at < chunk.length) {
        if (left > 0) {
          const part = chunk.subarray(at, at + left);
          this.push(part);
          left -= part.length;
          at += part.length;
          continue;
        }
        const taken = chunk.copy(header, headerFill, at, at + 8 - headerFill);
        at += taken;
        headerFill += taken;
        if (headerFill < 8) break;
        headerFill = 0;
        left = header.readUInt32BE(4);
      }
      done();
    },
  });
}
