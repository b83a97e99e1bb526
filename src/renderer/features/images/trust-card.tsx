import { useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleX, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { TrustFinding, TrustReport } from '../../../contract/engine-types.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { engineKeys } from '../../engine/keys.ts';
import { useTrustReport } from '../../engine/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { TrustBadge } from './trust-badge.tsx';
import { findingText, signerText } from './trust-view.ts';

function Finding({ finding }: { readonly finding: TrustFinding }) {
  return (
    <li className="flex items-start gap-2 border-b border-line py-2 last:border-0">
      {finding.accepted ? (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" role="img" aria-label="Counts" />
      ) : (
        <CircleX className="mt-0.5 size-4 shrink-0 text-bad" role="img" aria-label="Does not count" />
      )}
      <div className="min-w-0">
        <div className="text-ink">{signerText(finding)}</div>
        <div className="text-xs break-words text-ink-2">{findingText(finding)}</div>
      </div>
    </li>
  );
}

function CheckedAt({ report }: { readonly report: TrustReport }) {
  if (report.live) return 'just now, at the registry';
  return report.checkedAt === undefined ? 'not yet' : <RelativeTime atMs={Date.parse(report.checkedAt)} />;
}

/** Who signed an image, and what the trust policy makes of it. Not there where no policy is in force. */
export function TrustCard({ name }: { readonly name: string }) {
  const engine = useEngine();
  const queries = useQueryClient();
  const stored = useTrustReport(name);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const report = stored.data;
  // Another engine than Wharf's knows no such thing.
  if (report === undefined || report.policy.state === 'none') return null;
  const check = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const found = await engine.call('TrustInspect', { query: { image: name, live: true } });
      // The list first: its key covers this report's too.
      await queries.invalidateQueries({ queryKey: engineKeys.trust, exact: true });
      queries.setQueryData(engineKeys.trustReport(name), found);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card
      title="Trust"
      actions={
        <Button size="sm" busy={busy} icon={<ShieldCheck className="size-3.5" />} onClick={() => void check()}>
          Check signatures
        </Button>
      }
    >
      {error !== undefined && <ErrorNote error={error} />}
      <Facts
        facts={[
          ['Verdict', <TrustBadge key="verdict" verdict={report.verdict} reason={report.reason} />],
          ['Why', report.reason],
          ['Rule', report.rule === undefined ? 'none' : report.rule.match],
          ['Checked', <CheckedAt key="checked" report={report} />],
        ]}
      />
      {report.findings.length > 0 && (
        <ul aria-label="Signatures and attestations" className="mt-3 border-t border-line">
          {report.findings.map((finding) => (
            <Finding
              key={`${finding.artifact} ${finding.fingerprint ?? ''} ${finding.predicateType ?? ''}`}
              finding={finding}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}
