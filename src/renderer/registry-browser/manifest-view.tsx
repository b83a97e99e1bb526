import { useState } from 'react';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ManifestDocument } from '../../oci/manifest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { bytes } from '../ui/bytes.ts';
import { CopyButton, ShortId } from '../ui/copy.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Select } from '../ui/field.tsx';
import { JsonTree } from '../ui/json-tree.tsx';
import { Card, Facts } from '../ui/page.tsx';
import { Skeleton } from '../ui/progress.tsx';
import { RelativeTime } from '../ui/relative-time.tsx';
import { Badge } from '../ui/status.tsx';
import { useImageConfig, useManifest, useReferrers } from './browser-queries.ts';
import { ImageSettings } from './image-settings.tsx';
import { LayerList } from './layer-list.tsx';
import { type Place, pullName } from './place.ts';
import { ReferrerList } from './referrer-list.tsx';
import { useRegistryConnection } from './registry-connection.ts';
import type { StoredManifest } from './registry-content.ts';

/** Attestations of a build lie in an index as entries of an unknown platform. */
const isForMachines = ({ platform }: Descriptor) => platform !== undefined && platform.os !== 'unknown';

function entriesOf(document: ManifestDocument): readonly Descriptor[] {
  if (document.kind === 'manifest') return [];
  const machines = document.manifests.filter(isForMachines);
  return machines.length > 0 ? machines : document.manifests;
}

function entryLabel({ platform, artifactType, digest }: Descriptor): string {
  if (platform !== undefined && platform.os !== '') return formatPlatform(platform);
  return artifactType ?? digest.slice(0, 19);
}

function CopyLine({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className="flex items-center gap-2 rounded-lg bg-sunken py-1 pr-1 pl-3">
      <code className="min-w-0 flex-1 truncate font-mono text-xs" title={text}>
        {text}
      </code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** One tag or manifest: what it is, its layers, how it starts, and what refers to it. */
export function ManifestView({
  name,
  reference,
  onGo,
}: {
  readonly name: string;
  readonly reference: string;
  readonly onGo: (place: Place) => void;
}) {
  const { address } = useRegistryConnection();
  const top = useManifest(name, reference);
  const [picked, setPicked] = useState<string>();
  const entries = top.data === undefined ? [] : entriesOf(top.data.document);
  const chosen = entries.find((entry) => entry.digest === picked) ?? entries[0];
  const [raw, setRaw] = useState(false);
  if (top.error && top.data === undefined) return <ErrorNote error={top.error} />;
  if (top.data === undefined)
    return (
      <output aria-label="Loading" className="grid grid-cols-1 gap-4 xl:grid-cols-[1fr_22rem]">
        <Skeleton className="h-80 rounded-xl" />
        <Skeleton className="h-80 rounded-xl" />
      </output>
    );
  return (
    <div className="flex flex-col gap-4">
      <CopyLine text={`docker pull ${pullName(address, name, reference)}`} label="Copy the command that pulls it" />
      {entries.length > 0 && chosen !== undefined && (
        <div className="flex items-center gap-3">
          <span className="text-ink-2">{entries.some(isForMachines) ? 'Platform' : 'Entry'}</span>
          <Select
            aria-label="Platform"
            className="w-56!"
            value={chosen.digest}
            onChange={(event) => setPicked(event.target.value)}
          >
            {entries.map((entry) => (
              <option key={entry.digest} value={entry.digest}>
                {entryLabel(entry)}
              </option>
            ))}
          </Select>
        </div>
      )}
      <ImageView name={name} top={top.data} entry={chosen} onGo={onGo} />
      <Card
        title="Manifest"
        actions={
          <button
            type="button"
            aria-expanded={raw}
            onClick={() => setRaw(!raw)}
            className="rounded text-xs font-medium text-accent hover:underline"
          >
            {raw ? 'Hide' : 'Show'}
          </button>
        }
      >
        {raw ? (
          <div className="font-mono text-xs">
            <JsonTree value={JSON.parse(top.data.text)} filter="" />
          </div>
        ) : (
          <p className="text-ink-3">
            {bytes(top.data.text.length)} of {top.data.document.mediaType}
          </p>
        )}
      </Card>
    </div>
  );
}

/** @param entry the manifest of an index that is shown; undefined when `top` is no index */
function ImageView({
  name,
  top,
  entry,
  onGo,
}: {
  readonly name: string;
  readonly top: StoredManifest;
  readonly entry: Descriptor | undefined;
  readonly onGo: (place: Place) => void;
}) {
  const nested = useManifest(name, entry?.digest ?? top.digest);
  const shown = entry === undefined ? top : nested.data;
  const config = useImageConfig(name, shown);
  const { data: image } = config;
  if (nested.error && entry !== undefined)
    return <ErrorNote error={new Error('This entry of the index was never pushed here.', { cause: nested.error })} />;
  if (shown === undefined) return <Skeleton className="h-80 rounded-xl" />;
  const { document } = shown;
  const layers = document.kind === 'manifest' ? document.layers : [];
  const sizeBytes = layers.reduce((sum, layer) => sum + layer.size, 0);
  const annotations = Object.entries({ ...top.document.annotations, ...document.annotations });
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="flex min-w-0 flex-col gap-4">
        <Card title={`Layers${layers.length > 0 ? ` (${layers.length}, ${bytes(sizeBytes)})` : ''}`}>
          {document.kind === 'manifest' ? (
            <LayerList manifest={document} config={image} />
          ) : (
            <p className="text-ink-2">An index of indexes; open its entries one by one.</p>
          )}
        </Card>
        <Card title="Attached">
          <ReferrerList name={name} digest={top.digest} onGo={onGo} />
          {entry !== undefined && entry.digest !== top.digest && (
            <EntryReferrers name={name} digest={entry.digest} onGo={onGo} />
          )}
        </Card>
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <Card title="About">
          <Facts
            facts={[
              ['Digest', <ShortId key="digest" id={top.digest} />],
              ...(entry === undefined ? [] : ([['This platform', <ShortId key="entry" id={entry.digest} />]] as const)),
              ['Type', document.kind === 'index' ? 'Index' : image ? 'Image' : 'Artifact'],
              ...(document.artifactType === undefined
                ? []
                : ([
                    [
                      'Artifact type',
                      <span key="artifact" className="break-all">
                        {document.artifactType}
                      </span>,
                    ],
                  ] as const)),
              ...(image ? ([['Platform', formatPlatform(image.platform)]] as const) : []),
              ['Size', bytes(sizeBytes)],
              ...(image?.created
                ? ([['Made', <RelativeTime key="made" atMs={Date.parse(image.created)} />]] as const)
                : []),
              ...(top.document.subject === undefined
                ? []
                : ([['Refers to', <ShortId key="subject" id={top.document.subject.digest} />]] as const)),
            ]}
          />
          {config.error !== null && (
            <div className="mt-3">
              <Badge tone="warn">Its configuration can not be read</Badge>
            </div>
          )}
        </Card>
        {image && <ImageSettings image={image} />}
        {annotations.length > 0 && (
          <Card title="Annotations">
            <dl className="flex flex-col gap-2">
              {annotations.map(([key, value]) => (
                <div key={key}>
                  <dt className="text-xs break-all text-ink-3">{key}</dt>
                  <dd className="break-words">{value}</dd>
                </div>
              ))}
            </dl>
          </Card>
        )}
      </div>
    </div>
  );
}

/** Tools sign the index or each platform's manifest; both are shown. */
function EntryReferrers(props: Parameters<typeof ReferrerList>[0]) {
  const any = (useReferrers(props.name, props.digest).data ?? []).length > 0;
  if (!any) return null;
  return (
    <div className="mt-3 border-t border-line pt-3">
      <h3 className="mb-1 text-xs font-medium text-ink-3">To this platform’s manifest</h3>
      <ReferrerList {...props} />
    </div>
  );
}
