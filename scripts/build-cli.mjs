// Bundles src/cli into out/cli: CommonJS, because node:net in CommonJS starts faster than in ES modules, with every command
// evaluated only when it is called (esbuild keeps dynamic imports lazy inside one file).
//
//   wharf.cjs      the command
//   packages.cjs   what `wharf extension` and `wharf plugin` need besides: two thirds of all code, so reading it each time
//                  would cost every other command 20 ms
//   shared.cjs     classes both must agree on, or `instanceof` would not
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const parts = {
  shared: [
    'src/contract/errors.ts',
    'src/cli/argv/usage-error.ts',
    'src/cli/terminal/signals.ts',
    'src/cli/terminal/terminal.ts',
  ],
  packages: ['src/cli/packages/package-services.ts', 'src/cli/packages/install-package.ts'],
};

/** Imports of a part's modules become `require('./<part>.cjs')`. */
function partPlugin(name) {
  const files = new Set(parts[name].map((file) => path.join(root, file)));
  return {
    name: `part-${name}`,
    setup(bundle) {
      bundle.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: file, resolveDir }) =>
        files.has(path.resolve(resolveDir, file)) ? { path: `./${name}.cjs`, external: true } : undefined,
      );
    },
  };
}

function entryOf(name) {
  return {
    contents: parts[name].map((file) => `export * from './${file}';`).join('\n'),
    resolveDir: root,
    loader: 'ts',
  };
}

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

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  minifyIdentifiers: false,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { 'import.meta.dirname': '__dirname' },
  external: ['koffi', 'node-pty'],
  logLevel: 'warning',
};

await Promise.all([
  build({ ...common, stdin: entryOf('shared'), outfile: 'out/cli/shared.cjs' }),
  build({ ...common, stdin: entryOf('packages'), outfile: 'out/cli/packages.cjs', plugins: [partPlugin('shared')] }),
  build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outfile: 'out/cli/wharf.cjs',
    banner: { js: compileCache },
    plugins: [partPlugin('shared'), partPlugin('packages')],
  }),
]);
