import { FileBadge } from 'lucide-react';
import { bytes } from '../ui/bytes.ts';
import { ShortId } from '../ui/copy.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Skeleton } from '../ui/progress.tsx';
import { useReferrers } from './browser-queries.ts';
import type { Place } from './place.ts';

/** Names for the artifact types one meets; others are shown as they are. */
const artifactNames: readonly (readonly [RegExp, string])[] = [
  [/cosign|sigstore|simplesigning|notary/, 'Signature'],
  [/in-toto|dsse|attestation|slsa/, 'Attestation'],
  [/spdx|cyclonedx|sbom/, 'List of parts (SBOM)'],
  [/helm/, 'Helm chart'],
];

export function artifactName(artifactType: string): string {
  return artifactNames.find(([pattern]) => pattern.test(artifactType.toLowerCase()))?.[1] ?? 'Artifact';
}

export function ReferrerList({
  name,
  digest,
  onGo,
}: {
  readonly name: string;
  readonly digest: string;
  readonly onGo: (place: Place) => void;
}) {
  const referrers = useReferrers(name, digest);
  if (referrers.error) return <ErrorNote error={referrers.error} />;
  if (referrers.data === undefined) return <Skeleton className="h-10" />;
  if (referrers.data.length === 0)
    return (
      <p className="text-ink-2">
        Nothing refers to it: no signature, no attestation, no list of parts was attached here.
      </p>
    );
  return (
    <ul aria-label="Attached" className="flex flex-col">
      {referrers.data.map((each) => (
        <li key={each.digest} className="flex items-center gap-3 border-b border-line py-2 last:border-0">
          <FileBadge className="size-4 shrink-0 text-good" aria-hidden />
          <div className="min-w-0 flex-1">
            <button
              type="button"
              className="rounded font-medium hover:text-accent"
              onClick={() => onGo({ kind: 'manifest', name, reference: each.digest })}
            >
              {each.annotations['org.opencontainers.image.title'] ?? artifactName(each.artifactType)}
            </button>
            <div className="truncate text-xs text-ink-3" title={each.artifactType}>
              {each.artifactType}
            </div>
          </div>
          <ShortId id={each.digest} />
          <span className="tabular w-16 shrink-0 text-right text-ink-2">{bytes(each.sizeBytes)}</span>
        </li>
      ))}
    </ul>
  );
}
