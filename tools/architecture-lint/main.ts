/** Checks every source file against the layers; part of `npm run lint`. Ends with 1 when anything is found. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkFile } from './check-file.ts';

const root = path.resolve(import.meta.dirname, '../..');
const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((file) => file.replaceAll('\\', '/'));
if (files.length === 0) throw new Error('the architecture lint found no files, so it would find nothing');
const findings = files.flatMap((file) => checkFile(file, readFileSync(path.join(root, file), 'utf8')));
for (const { file, line, message } of findings) console.error(`${file}:${line}: ${message}`);
console.log(`architecture lint: ${files.length} files, ${findings.length} findings`);
process.exit(findings.length > 0 ? 1 : 0);
