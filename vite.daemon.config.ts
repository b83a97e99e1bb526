import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { defineConfig, type Plugin } from 'vite';

/**
 * wharfd and the thread that unpacks layers, for Node 24. koffi is native and stays outside; what is loaded on demand (the
 * WebSocket server) is a chunk of its own, so that an idle daemon does not hold it.
 */
export default defineConfig({
  plugins: [httpWithoutFetch()],
  build: {
    ssr: true,
    outDir: 'out/daemon',
    target: 'node24',
    minify: false,
    rolldownOptions: {
      input: { wharfd: 'src/daemon/main.ts', 'layer-worker': 'src/daemon/snapshots/layer-worker.ts' },
      output: { entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' },
    },
  },
  ssr: { noExternal: true, external: ['koffi'] },
  define: {
    __WHARF_COMMIT__: JSON.stringify(commit()),
    __WHARF_BUILD_TIME__: JSON.stringify(new Date().toISOString()),
  },
});

/**
 * Importing node:http into an ES module reads all its exports, and its WebSocket is a getter that loads all of fetch: 50 ms
 * of the start and 4 MiB for good. So the bundle takes the same functions from the module object.
 */
function httpWithoutFetch(): Plugin {
  const id = '\0node-http';
  const browserNames = new Set(['WebSocket', 'CloseEvent', 'MessageEvent']);
  const names = Object.keys(http).filter((name) => !browserNames.has(name));
  return {
    name: 'http-without-fetch',
    enforce: 'pre',
    resolveId: (source) => (source === 'node:http' ? id : null),
    load: (wanted) =>
      wanted === id ? `export const { ${names.join(', ')} } = process.getBuiltinModule('node:http');` : null,
  };
}

/** Short, as Docker's; a checkout without git is 'source'. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'source';
  }
}
