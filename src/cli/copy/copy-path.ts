import { isAbsolute } from 'node:path';

export interface CopyPath {
  readonly container?: string;
  readonly path: string;
}

/** `NAME:/path`, or a path of this machine: absolute, starting with `.`, or without a colon. */
export function parseCopyPath(text: string): CopyPath {
  const colon = text.indexOf(':');
  if (isAbsolute(text) || colon <= 0 || text.startsWith('.')) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** `dir/.` asks for what is in the directory instead of the directory itself. */
export function asksForContent(path: string): boolean {
  return /(^|\/)\.$/.test(path);
}
