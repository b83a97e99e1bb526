import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';

const uploadWindowBytes = 1 << 20;

/**
 * A request's body as a stream of its own. Who reads it may destroy it (an unpack that fails does): the connection stays,
 * so that the error can still be answered on it, and the rest of the body is thrown away as it comes.
 */
export function uploadOf(request: IncomingMessage): Readable {
  // Whoever reads gets what has come meanwhile in one piece; 64 KiB at a time would cost more than writing it.
  const upload = new PassThrough({ highWaterMark: uploadWindowBytes });
  request.pipe(upload);
  request.once('error', (error) => upload.destroy(error));
  request.once('close', () => {
    if (request.complete) return;
    upload.destroy(new WharfError('request.cancelled', 'the client went away in the middle of the upload'));
  });
  upload.once('close', () => {
    request.unpipe(upload);
    request.resume();
  });
  return upload;
}
