import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let made: { readonly key: string; readonly archive: Buffer } | undefined;

/** A tar of files of equal size with random content, in memory. The last one is kept: the next run asks for the same. */
export function archiveOfFiles({ files, totalBytes }: { readonly files: number; readonly totalBytes: number }): Buffer {
  const key = `${files} ${totalBytes}`;
  if (made?.key === key) return made.archive;
  const folder = mkdtempSync(path.join(tmpdir(), 'bu-'));
  try {
    const content = Buffer.alloc(Math.floor(totalBytes / files));
    for (let at = 0; at < files; at += 1) writeFileSync(path.join(folder, `file-${at}`), randomFillSync(content));
    const file = path.join(folder, 'all.tar');
    execFileSync('tar', ['-C', folder, '--exclude', 'all.tar', '-cf', file, '.']);
    made = { key, archive: readFileSync(file) };
    return made.archive;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
