import type { ImageDeleteItem } from '../../contract/engine-types.ts';

/** The list of what a prune removed, with an empty line after it; nothing when nothing was. */
export function deletedImages(items: readonly ImageDeleteItem[]): string {
  const lines = items.map(({ Untagged, Deleted }) =>
    Untagged === undefined ? `deleted: ${Deleted ?? ''}\n` : `untagged: ${Untagged}\n`,
  );
  return lines.length === 0 ? '' : `Deleted Images:\n${lines.join('')}\n`;
}

export function deletedNames(title: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${title}:\n${names.map((name) => `${name}\n`).join('')}\n`;
}
