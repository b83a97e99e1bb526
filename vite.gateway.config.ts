import { defineConfig } from 'vite';

/** The web host's process: one file for Node, native packages outside. */
export default defineConfig({
  build: {
    ssr: 'src/gateway/main.ts',
    outDir: 'out/gateway',
    target: 'node24',
    rolldownOptions: { output: { codeSplitting: false, entryFileNames: 'main.mjs' } },
  },
  ssr: { noExternal: true, external: ['node-pty', 'koffi'] },
});
