import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInThisContext } from 'node:vm';

const read = (name: string) =>
  readFileSync(path.join(import.meta.dirname, 'page', name), 'utf8')
    .trim()
    .replace(/;$/, '');
const codecSource = read('codec.js');
const membraneSource = read('membrane.js');
const isolatedSource = read('isolated.js');

export interface Codec {
  pack(value: unknown): string;
  unpack(text: string): unknown;
}
const makeCodec: () => Codec = runInThisContext(codecSource);
/** The same code as in the page, for Node's end of the messages. */
export const codec: Codec = makeCodec();

/** For the page's own world. */
export function mainWorldScript(secret: string): string {
  return `(${membraneSource})('${secret}-out', '${secret}-in')`;
}

/** For the isolated world of a window's main frame: the preload script with what it may use around it. */
export function isolatedWorldScript(secret: string, preloadFile: string, processInfo: object): string {
  return `if (window === window.top) {
  const codec = (${codecSource})();
  const bridge = (${membraneSource})('${secret}-in', '${secret}-out');
  const env = (${isolatedSource})(bridge, codec, ${JSON.stringify(processInfo)}, (text) => globalThis.__standinSend(text));
  (function (require, process, module, exports) {
${readFileSync(preloadFile, 'utf8')}
  })(env.require, env.process, { exports: {} }, {});
}`;
}
