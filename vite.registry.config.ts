import { defineConfig } from 'vite';

/** The registry server as one file for Node 24: `wharf registry serve` and `npm start` run it. */
export default defineConfig({
  build: {
    ssr: 'src/registry/main.ts',
    outDir: 'out/registry',
    target: 'node24',
    minify: false,
    rolldownOptions: { output: { codeSplitting: false, entryFileNames: 'server.mjs' } },
  },
  ssr: { noExternal: true },
});
