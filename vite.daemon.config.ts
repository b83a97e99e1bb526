import { execFileSync } from 'node:child_process';
import { defineConfig } from 'vite';

/**
 * wharfd and the thread that unpacks layers, for Node 24. koffi is native and stays outside; what is loaded on demand (the
 * WebSocket server) is a chunk of its own, so that an idle daemon does not hold it.
 */
export default defineConfig({
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
