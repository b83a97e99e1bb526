import { Button } from '../ui/button.tsx';
import { bytes } from '../ui/bytes.ts';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { type DeletionTarget, useDelete, useDeletionPlan } from './browser-queries.ts';
import type { DeletionPlan } from './deletion-plan.ts';
import { imageName } from './place.ts';

const nameOf = ({ name, reference }: DeletionTarget) => (reference === undefined ? name : imageName(name, reference));

/** Asks before anything is deleted, and says first what goes and what comes free. */
export function DeleteDialog({
  target,
  onClose,
  onDeleted,
}: {
  readonly target: DeletionTarget | undefined;
  readonly onClose: () => void;
  readonly onDeleted: (target: DeletionTarget, plan: DeletionPlan) => void;
}) {
  const plan = useDeletionPlan(target);
  const remove = useDelete();
  const whole = target !== undefined && target.reference === undefined;
  return (
    <ConfirmDialog
      request={
        target && {
          title: whole ? `Delete the repository ${target.name}?` : `Delete ${nameOf(target)}?`,
          verb: 'Delete',
          ...(whole && plan.data !== undefined && plan.data.tags.length > 1 ? { typed: target.name } : {}),
          body: plan.error ? (
            <ErrorNote
              error={plan.error}
              action={
                <Button size="sm" onClick={() => void plan.refetch()}>
                  Try again
                </Button>
              }
            />
          ) : plan.data === undefined ? (
            <p className="flex items-center gap-2">
              <Spinner /> Working out what this frees
            </p>
          ) : (
            <PlanText plan={plan.data} whole={whole} />
          ),
          async onConfirm() {
            const { data } = plan.data === undefined ? await plan.refetch({ throwOnError: true }) : plan;
            if (data === undefined) return;
            await remove(target.name, data);
            onDeleted(target, data);
          },
        }
      }
      onClose={onClose}
    />
  );
}

function PlanText({ plan, whole }: { readonly plan: DeletionPlan; readonly whole: boolean }) {
  if (plan.manifestCount === 0)
    return <p>Only this name goes. Other tags name the same image, so nothing comes free and they go on working.</p>;
  return (
    <>
      <p>
        Frees up to <strong className="text-ink">{bytes(plan.freedBytes)}</strong> with the registry’s next collection.
        What other repositories share stays.
      </p>
      {plan.tags.length > 0 && (
        <div>
          <p className="mb-1">{plan.tags.length === 1 ? 'This tag goes:' : `These ${plan.tags.length} tags go:`}</p>
          <ul className="flex max-h-32 flex-wrap gap-1 overflow-y-auto">
            {plan.tags.map((tag) => (
              <li key={tag} className="rounded bg-sunken px-1.5 py-0.5 font-mono text-xs text-ink">
                {tag}
              </li>
            ))}
          </ul>
        </div>
      )}
      <p>
        {whole ? 'Whoever pulls any of it by name or digest gets an error then.' : 'Pulling it gives an error then.'}{' '}
        This can not be undone.
      </p>
    </>
  );
}
