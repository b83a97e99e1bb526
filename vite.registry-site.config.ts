import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page the registry serves of itself: plain files, no inline script or style, so that its policy can be strict. */
export default defineConfig({
  root: 'src/renderer/registry-site',
  base: './',
  plugins: [react(), tailwind()],
  build: {
    outDir: '../../../out/registry-site',
    emptyOutDir: true,
    target: 'es2023',
    minify: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
