import { CircleCheck } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useEngine } from '../../engine/engine-context.tsx';
import { endIntent, intend, useIntent } from '../../engine/intents.ts';
import { type LayerProgress, totalShare } from '../../engine/pull-progress.ts';
import { cancelTask, startPull, type Task, useTasks } from '../../engine/tasks.ts';
import { Button } from '../../ui/button.tsx';
import { bytes } from '../../ui/bytes.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { Progress } from '../../ui/progress.tsx';

const words: Record<LayerProgress['phase'], string> = {
  waiting: 'Waiting',
  downloading: 'Downloading',
  verifying: 'Verifying',
  downloaded: 'Downloaded',
  extracting: 'Extracting',
  done: 'Done',
  exists: 'Already here',
  pushing: 'Pushing',
};

function LayerRow({ layer }: { readonly layer: LayerProgress }) {
  const ended = layer.phase === 'done' || layer.phase === 'exists';
  const moving = layer.phase === 'downloading' || layer.phase === 'extracting' || layer.phase === 'pushing';
  const share = layer.total && layer.current !== undefined ? layer.current / layer.total : undefined;
  return (
    <li className="grid grid-cols-[7.5rem_1fr_6.5rem_9.5rem] items-center gap-3 py-1 text-xs">
      <code className="font-mono text-ink-3">{layer.id}</code>
      <Progress
        value={ended ? 1 : moving ? share : 0}
        tone={ended ? 'good' : 'accent'}
        label={`Layer ${layer.id}`}
        thin
      />
      <span className="text-ink-2">{words[layer.phase]}</span>
      <span className="tabular text-right text-ink-3">
        {moving && layer.current !== undefined
          ? `${bytes(layer.current)}${layer.total ? ` of ${bytes(layer.total)}` : ''}`
          : layer.total
            ? bytes(layer.total)
            : ''}
      </span>
    </li>
  );
}

function PullProgressView({ task }: { readonly task: Task }) {
  const share = totalShare(task.progress);
  return (
    <div className="flex flex-col gap-3" data-testid="pull-progress">
      {task.state === 'running' && (
        <div className="flex items-center gap-3">
          <Progress value={share} label="Whole image" />
          <span className="tabular w-12 text-right text-ink-2">
            {share === undefined ? '' : `${Math.floor(share * 100)} %`}
          </span>
        </div>
      )}
      {task.state === 'done' && (
        <p className="flex items-center gap-2 font-medium text-good">
          <CircleCheck className="size-4" aria-hidden />
          {task.progress.status?.replace(/^Status: /, '') ?? 'Done'}
        </p>
      )}
      {task.state === 'cancelled' && <p className="text-ink-2">Cancelled. Nothing half-made was kept.</p>}
      {task.progress.error && (
        <ErrorNote
          error={Object.assign(new Error(task.progress.error), { hint: task.progress.hint })}
          action={
            task.progress.code?.startsWith('auth.') && (
              <Button size="sm" onClick={() => intend({ kind: 'sign-in', registry: registryOf(task.reference) })}>
                Sign in
              </Button>
            )
          }
        />
      )}
      {task.progress.layers.length > 0 && (
        <ul aria-label="Layers" className="max-h-72 overflow-y-auto rounded-xl border border-line bg-surface px-3 py-2">
          {task.progress.layers.map((layer) => (
            <LayerRow key={layer.id} layer={layer} />
          ))}
        </ul>
      )}
    </div>
  );
}

/** "registry.example.com/team/app:1" -> its registry; Docker Hub for names without one. */
function registryOf(reference: string): string {
  const first = reference.split('/')[0] ?? '';
  return reference.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/** Pulls an image with its layers in view. Closing the dialog lets the pull go on as a task. */
export function PullDialog() {
  const intent = useIntent((state) => state.intent);
  const open = intent.kind === 'pull';
  const wanted = open ? intent.reference : '';
  const engine = useEngine();
  const [reference, setReference] = useState('');
  const [taskId, setTaskId] = useState<number>();
  const task = useTasks((state) => state.tasks.find((each) => each.id === taskId));
  useEffect(() => {
    if (!open) return;
    setReference(wanted);
    setTaskId(wanted === '' ? undefined : startPull(engine, wanted).id);
  }, [open, wanted, engine]);
  const go = () => {
    const name = reference.trim();
    if (name !== '' && task?.state !== 'running') setTaskId(startPull(engine, name).id);
  };
  const running = task?.state === 'running';
  return (
    <Dialog
      open={open}
      onClose={endIntent}
      onSubmit={go}
      width="lg"
      title={task ? `Pull ${task.reference}` : 'Pull an image'}
      description="From Docker Hub, or from the registry named before the first slash."
      footer={
        running ? (
          <>
            <Button look="ghost" onClick={endIntent}>
              Go on in the background
            </Button>
            <Button onClick={() => cancelTask(task.id)}>Cancel the pull</Button>
          </>
        ) : (
          <>
            <Button onClick={endIntent}>Close</Button>
            {task?.state === 'done' ? (
              <Button look="primary" onClick={() => intend({ kind: 'run', image: task.reference })}>
                Run it
              </Button>
            ) : (
              <Button look="primary" type="submit" disabled={reference.trim() === ''}>
                {task ? 'Try again' : 'Pull'}
              </Button>
            )}
          </>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {!running && task?.state !== 'done' && (
          <Field label="Image" hint="For example nginx, redis:7 or registry.example.com/team/app:2.1.">
            {(ids) => (
              <Input
                {...ids}
                placeholder="nginx:latest"
                value={reference}
                onChange={(e) => setReference(e.target.value)}
              />
            )}
          </Field>
        )}
        {task && <PullProgressView task={task} />}
      </div>
    </Dialog>
  );
}
