import { KeyRound, Recycle, Scissors } from 'lucide-react';
import { useState } from 'react';
import { isWharfError } from '../../../contract/errors.ts';
import type { RetentionReport } from '../../../contract/registry-routes.ts';
import { intend } from '../../engine/intents.ts';
import { RefreshButton } from '../../registry-browser/refresh-button.tsx';
import { useRegistryConnection } from '../../registry-browser/registry-connection.ts';
import { useSpace, useUpkeep } from '../../registry-browser/upkeep-queries.ts';
import { Button } from '../../ui/button.tsx';
import { bytes } from '../../ui/bytes.ts';
import { ConfirmDialog, type ConfirmRequest, Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Card } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/progress.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';

function Figure({ value, name }: { readonly value: string; readonly name: string }) {
  return (
    <div>
      <div className="tabular text-lg font-semibold tracking-tight">{value}</div>
      <div className="text-xs text-ink-3">{name}</div>
    </div>
  );
}

/** How much the registry holds. A registry with users tells it to them only. */
export function SpaceCard() {
  const { address } = useRegistryConnection();
  const space = useSpace();
  const unknownUser = isWharfError(space.error, 'auth.required') || isWharfError(space.error, 'auth.denied');
  return (
    <Card title="Space" actions={<RefreshButton />}>
      {unknownUser ? (
        <div className="flex items-center gap-3">
          <p className="flex-1 text-ink-2">The registry has users now. Sign this app in as one of them to see more.</p>
          <Button
            size="sm"
            icon={<KeyRound className="size-3.5" />}
            onClick={() => intend({ kind: 'sign-in', registry: address })}
          >
            Sign in
          </Button>
        </div>
      ) : space.error ? (
        <ErrorNote
          error={space.error}
          action={
            <Button size="sm" onClick={() => void space.refetch()}>
              Try again
            </Button>
          }
        />
      ) : space.data === undefined ? (
        <Skeleton className="h-12" />
      ) : (
        <div className="grid grid-cols-2 gap-4 sm:grid-cols-4" data-testid="registry-space">
          <Figure value={bytes(space.data.sizeBytes)} name="used" />
          <Figure value={String(space.data.repositories)} name="repositories" />
          <Figure value={String(space.data.blobs)} name="blobs" />
          <Figure value={String(space.data.uploads)} name="unfinished uploads" />
        </div>
      )}
    </Card>
  );
}

/** Retention with its dry run, and collection; both say what goes before anything does. */
export function UpkeepCard({ hasRules }: { readonly hasRules: boolean }) {
  const upkeep = useUpkeep();
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const [report, setReport] = useState<RetentionReport>();
  const [busy, setBusy] = useState<'retention' | 'collection'>();
  const ask = async (what: 'retention' | 'collection', work: () => Promise<void>) => {
    setBusy(what);
    await work().catch(toastError);
    setBusy(undefined);
  };
  const collect = () =>
    ask('collection', async () => {
      const { blobs, bytes: sizeBytes, uploads } = await upkeep.collect(true);
      setConfirm({
        title: 'Collect what nothing refers to?',
        verb: 'Collect',
        danger: false,
        body:
          blobs + uploads === 0 ? (
            <p>Nothing would go now. What was deleted or cut within the last hour is kept until it is older.</p>
          ) : (
            <p>
              Frees <strong className="text-ink">{bytes(sizeBytes)}</strong>: {blobs} blobs and {uploads} unfinished
              uploads. Images and tags stay; the registry goes on serving.
            </p>
          ),
        onConfirm: async () => {
          const done = await upkeep.collect(false);
          toastSuccess(`Freed ${bytes(done.bytes)}`);
        },
      });
    });
  return (
    <Card title="Upkeep">
      <div className="flex flex-col gap-3">
        <div className="flex items-center gap-4">
          <div className="min-w-0 flex-1">
            <div className="font-medium">Retention</div>
            <div className="text-xs text-ink-3">
              {hasRules
                ? 'Removes tags the rules do not keep, when you say so.'
                : 'Set how many tags to keep, or how long.'}
            </div>
          </div>
          <Button
            size="sm"
            icon={<Scissors className="size-3.5" />}
            disabled={!hasRules}
            busy={busy === 'retention'}
            onClick={() => void ask('retention', async () => setReport(await upkeep.retain(true)))}
          >
            Dry run
          </Button>
        </div>
        <div className="flex items-center gap-4">
          <div className="min-w-0 flex-1">
            <div className="font-medium">Collection</div>
            <div className="text-xs text-ink-3">Frees the bytes of what was deleted. Runs by itself every hour.</div>
          </div>
          <Button
            size="sm"
            icon={<Recycle className="size-3.5" />}
            busy={busy === 'collection'}
            onClick={() => void collect()}
          >
            Collect now
          </Button>
        </div>
      </div>
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
      <RetentionDialog
        report={report}
        onClose={() => setReport(undefined)}
        onRun={async () => {
          const done = await upkeep.retain(false);
          toastSuccess(`Removed ${done.removed.length} tags and manifests`);
        }}
      />
    </Card>
  );
}

function RetentionDialog({
  report,
  onClose,
  onRun,
}: {
  readonly report: RetentionReport | undefined;
  readonly onClose: () => void;
  readonly onRun: () => Promise<void>;
}) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    await onRun().then(onClose, toastError);
    setBusy(false);
  };
  const count = report?.removed.length ?? 0;
  return (
    <Dialog
      open={report !== undefined}
      onClose={onClose}
      onSubmit={() => void run()}
      title="What retention would remove"
      description={
        report === undefined
          ? undefined
          : count === 0
            ? `Nothing: the rules keep all ${report.keptTags} tags.`
            : `${count} would go, ${report.keptTags} tags would stay. Their bytes come free with the next collection.`
      }
      footer={
        <>
          <Button onClick={onClose}>{count === 0 ? 'Close' : 'Cancel'}</Button>
          {count > 0 && (
            <Button look="danger" type="submit" busy={busy}>
              Remove {count}
            </Button>
          )}
        </>
      }
    >
      {report !== undefined && count > 0 && (
        <ul aria-label="Would be removed" className="flex flex-col">
          {report.removed.map((each) => (
            <li
              key={`${each.repository} ${each.tag ?? ''} ${each.digest}`}
              className="flex items-center gap-3 border-b border-line py-1.5 last:border-0"
            >
              <code className="min-w-0 flex-1 truncate font-mono text-xs">
                {each.repository}
                {each.tag === undefined ? `@${each.digest.slice(0, 19)}` : `:${each.tag}`}
              </code>
              <span className="text-xs text-ink-3">{each.reason}</span>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
