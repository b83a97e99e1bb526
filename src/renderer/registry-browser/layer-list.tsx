import type { ImageConfigDocument, ImageManifest } from '../../oci/manifest.ts';
import { layerCompression } from '../../oci/media-types.ts';
import { bytes } from '../ui/bytes.ts';
import { ShortId } from '../ui/copy.tsx';

/** The steps that made the layers, lowest first: entries without a layer (ENV, CMD) have no line of their own. */
export function commandsOf(config: ImageConfigDocument | null | undefined): readonly string[] {
  return (config?.history ?? [])
    .filter((entry) => entry.empty_layer !== true)
    .map((entry) => (entry.created_by ?? entry.comment ?? '').replace(/^\/bin\/sh -c (?:#\(nop\) +)?/, ''));
}

function packing(mediaType: string): string {
  const compression = layerCompression(mediaType);
  if (compression === undefined) return mediaType;
  return compression === 'none' ? 'not compressed' : compression;
}

/** Layers lowest first, each with a bar that says how much of the whole it is. */
export function LayerList({
  manifest,
  config,
}: {
  readonly manifest: ImageManifest;
  readonly config: ImageConfigDocument | null | undefined;
}) {
  const commands = commandsOf(config);
  const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  const fits = commands.length === manifest.layers.length;
  if (manifest.layers.length === 0) return <p className="text-ink-2">Nothing: it consists of its configuration.</p>;
  return (
    <ol aria-label="Layers, lowest first" className="flex flex-col">
      {manifest.layers.map((layer, at) => (
        // The same layer may stand in an image twice.
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells equal layers apart
        <li key={`${at} ${layer.digest}`} className="flex items-center gap-3 border-b border-line py-2 last:border-0">
          <span className="tabular w-6 shrink-0 text-right text-xs text-ink-3">{at + 1}</span>
          <div className="min-w-0 flex-1">
            <div className="truncate font-mono text-xs" title={commands[at]}>
              {(fits && commands[at]) || layer.annotations?.['org.opencontainers.image.title'] || 'Layer'}
            </div>
            <div className="mt-1 flex items-center gap-2 text-xs text-ink-3">
              <ShortId id={layer.digest} />
              <span className="truncate">{packing(layer.mediaType)}</span>
            </div>
          </div>
          <span aria-hidden className="h-1.5 w-28 shrink-0 overflow-hidden rounded-full bg-sunken">
            <span
              className="block h-full rounded-full bg-accent"
              style={{ width: `${total === 0 ? 0 : Math.max(1.5, (layer.size / total) * 100)}%` }}
            />
          </span>
          <span className="tabular w-16 shrink-0 text-right text-ink-2">{bytes(layer.size)}</span>
        </li>
      ))}
    </ol>
  );
}
