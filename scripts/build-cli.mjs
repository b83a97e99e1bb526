// Bundles src/cli into out/cli/wharf.cjs: one CommonJS file, because node:net in CommonJS starts faster than in ES modules,
// with every command evaluated only when it is called (esbuild keeps dynamic imports lazy inside one file).

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// Node keeps the compiled code between runs when told to before anything else is read. Beside the bundle where we may write
// there, else in the user's own folder: one that others may write, such as /tmp, would let them choose the code a root
// shell runs.
const compileCache = `{
const { accessSync } = require('node:fs');
const { join } = require('node:path');
let dir = join(__dirname, '..', '.compile-cache');
try { accessSync(join(__dirname, '..'), 2); } catch { dir = join(process.env.WHARF_HOME || join(process.env.HOME || '/', '.wharf'), 'cache'); }
require('node:module').enableCompileCache(dir);
}`;

await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outfile: 'out/cli/wharf.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  minifyIdentifiers: false,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  sourcemap: false,
  banner: { js: compileCache },
  define: { 'import.meta.dirname': '__dirname' },
  external: ['koffi', 'node-pty'],
  logLevel: 'warning',
});
