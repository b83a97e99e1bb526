/**
 * How a layer says that a lower layer's file is gone. Source: OCI image spec, layer.md, "Whiteouts".
 *
 *     dir/.wh.name        name of the lower layers is hidden
 *     dir/.wh..wh..opq    everything of the lower layers in dir is hidden; entries of this layer are not
 *     dir/.wh..wh.*       AUFS's own bookkeeping in old layers: ignored
 */
export const whiteoutPrefix = '.wh.';
export const opaqueMarker = '.wh..wh..opq';
/** What AUFS kept beside the files. */
export const metadataPrefix = '.wh..wh.';

export type LayerEntryKind =
  | { readonly kind: 'plain' }
  | { readonly kind: 'whiteout'; readonly target: string }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'ignored' }
  /** Would hide the folder itself or its parent. */
  | { readonly kind: 'invalid' };

/** What a layer entry means, by the last part of its path. */
export function classifyLayerEntry(baseName: string): LayerEntryKind {
  if (!baseName.startsWith(whiteoutPrefix)) return { kind: 'plain' };
  if (baseName === opaqueMarker) return { kind: 'opaque' };
  if (baseName.startsWith(metadataPrefix)) return { kind: 'ignored' };
  const target = baseName.slice(whiteoutPrefix.length);
  if (target === '' || target === '.' || target === '..' || target.includes('/')) return { kind: 'invalid' };
  return { kind: 'whiteout', target };
}

/** The entry that hides `baseName`. */
export function whiteoutName(baseName: string): string {
  return whiteoutPrefix + baseName;
}
