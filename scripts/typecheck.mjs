// npm run typecheck: one check for each environment: pure (no I/O), Node, browser.
import { at, node24, run } from './lib/project.mjs';

let failed = false;
for (const project of ['tsconfig.pure.json', 'tsconfig.node.json', 'tsconfig.renderer.json']) {
  const code = await run(node24, [at('node_modules/typescript/bin/tsc'), '-p', project, '--noEmit']);
  if (code !== 0) failed = true;
}
process.exit(failed ? 1 : 0);
