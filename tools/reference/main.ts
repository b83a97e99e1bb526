/**
 * Writes docs/reference. `--check` writes nothing and ends with 1 when a page differs from what the code says.
 *
 *     npx node tools/reference/main.ts [--check]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { referencePages } from './references.ts';

const root = path.resolve(import.meta.dirname, '../..');
const check = process.argv.includes('--check');

function storedText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

let stale = 0;
for (const page of referencePages) {
  const file = path.join(root, page.path);
  const text = await page.text();
  if (storedText(file) === text) continue;
  stale += 1;
  if (check) {
    console.error(`${page.path} is not what the code says. Run: npx node tools/reference/main.ts`);
    continue;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${page.path}`);
}
console.log(`reference: ${referencePages.length} pages, ${stale} ${check ? 'stale' : 'written'}`);
process.exit(check && stale > 0 ? 1 : 0);
