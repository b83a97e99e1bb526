import { useNavigate } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useEngine } from '../../engine/engine-context.tsx';
import { endIntent, useIntent } from '../../engine/intents.ts';
import { totalShare } from '../../engine/pull-progress.ts';
import { useImages, useNetworks } from '../../engine/queries.ts';
import { cancelTask, startPull, useTasks } from '../../engine/tasks.ts';
import { Button } from '../../ui/button.tsx';
import { classes } from '../../ui/classes.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input, Select, Switch } from '../../ui/field.tsx';
import { Progress } from '../../ui/progress.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { RowList } from './row-list.tsx';
import { checkForm, emptyForm, type FormErrors, type PortRow, type RunForm, toCreateRequest } from './run-form.ts';

type Stage =
  | { readonly kind: 'form' }
  | { readonly kind: 'pulling'; readonly taskId: number }
  | { readonly kind: 'starting' };

const emptyPort: PortRow = { host: '', container: '', protocol: 'tcp' };

function isMissingImage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'image.not-found';
}

/** Creates and starts; pulls first when the image is not here. Answers the container's ID. */
function useRun() {
  const engine = useEngine();
  return async (form: RunForm, onStage: (stage: Stage) => void): Promise<string> => {
    const create = () =>
      engine.call('ContainerCreate', {
        query: form.name === '' ? {} : { name: form.name },
        body: toCreateRequest(form),
      });
    onStage({ kind: 'starting' });
    let created: Awaited<ReturnType<typeof create>>;
    try {
      created = await create();
    } catch (error) {
      if (!isMissingImage(error)) throw error;
      const pull = startPull(engine, form.image.trim());
      onStage({ kind: 'pulling', taskId: pull.id });
      const state = await pull.ended;
      if (state === 'cancelled') throw new Error('The pull was cancelled.');
      const task = useTasks.getState().tasks.find((each) => each.id === pull.id);
      if (state === 'failed') throw new Error(task?.progress.error ?? 'The pull failed.');
      onStage({ kind: 'starting' });
      created = await create();
    }
    try {
      await engine.call('ContainerStart', { params: { id: created.Id } });
    } catch (error) {
      // What could not start is of no use to anyone who clicked Run: leave nothing behind, show why.
      await engine
        .call('ContainerDelete', { params: { id: created.Id }, query: { force: true, v: true } })
        .catch(() => {});
      throw error;
    }
    return created.Id;
  };
}

function Options({
  form,
  set,
  errors,
}: {
  readonly form: RunForm;
  readonly set: (part: Partial<RunForm>) => void;
  readonly errors: FormErrors;
}) {
  const networks = useNetworks().data ?? [];
  return (
    <div className="fade-in flex flex-col gap-5">
      <RowList
        title="Ports"
        what="port"
        rows={form.ports}
        empty={emptyPort}
        error={errors.ports}
        onChange={(ports) => set({ ports })}
      >
        {(row, change, index) => (
          <>
            <Input
              aria-label={`Host port ${index + 1}`}
              placeholder="Host port (any)"
              inputMode="numeric"
              value={row.host}
              onChange={(e) => change({ ...row, host: e.target.value })}
            />
            <span className="text-ink-3">→</span>
            <Input
              aria-label={`Container port ${index + 1}`}
              placeholder="Container port"
              inputMode="numeric"
              value={row.container}
              onChange={(e) => change({ ...row, container: e.target.value })}
            />
            <Select
              aria-label={`Protocol ${index + 1}`}
              value={row.protocol}
              onChange={(e) => change({ ...row, protocol: e.target.value === 'udp' ? 'udp' : 'tcp' })}
              className="w-24!"
            >
              <option value="tcp">TCP</option>
              <option value="udp">UDP</option>
            </Select>
          </>
        )}
      </RowList>
      <RowList
        title="Volumes"
        what="volume"
        rows={form.volumes}
        empty={{ source: '', target: '', readOnly: false }}
        error={errors.volumes}
        onChange={(volumes) => set({ volumes })}
      >
        {(row, change, index) => (
          <>
            <Input
              aria-label={`Volume or folder ${index + 1}`}
              placeholder="Volume name or /folder"
              value={row.source}
              onChange={(e) => change({ ...row, source: e.target.value })}
            />
            <span className="text-ink-3">→</span>
            <Input
              aria-label={`Path in the container ${index + 1}`}
              placeholder="/path/in/container"
              value={row.target}
              onChange={(e) => change({ ...row, target: e.target.value })}
            />
            <label className="flex items-center gap-1.5 whitespace-nowrap text-xs text-ink-2">
              <input
                type="checkbox"
                className="accent-(--w-accent)"
                checked={row.readOnly}
                onChange={(e) => change({ ...row, readOnly: e.target.checked })}
              />
              Read only
            </label>
          </>
        )}
      </RowList>
      <RowList
        title="Environment"
        what="variable"
        rows={form.env}
        empty={{ name: '', value: '' }}
        error={errors.env}
        onChange={(env) => set({ env })}
      >
        {(row, change, index) => (
          <>
            <Input
              aria-label={`Variable ${index + 1}`}
              placeholder="NAME"
              value={row.name}
              onChange={(e) => change({ ...row, name: e.target.value })}
              className="font-mono text-xs"
            />
            <span className="text-ink-3">=</span>
            <Input
              aria-label={`Value ${index + 1}`}
              placeholder="value"
              value={row.value}
              onChange={(e) => change({ ...row, value: e.target.value })}
              className="font-mono text-xs"
            />
          </>
        )}
      </RowList>
      <div className="grid grid-cols-2 gap-x-4 gap-y-2">
        <Field label="Network">
          {(ids) => (
            <Select {...ids} value={form.network} onChange={(e) => set({ network: e.target.value })}>
              {(networks.length > 0 ? networks.map((network) => network.Name) : ['bridge', 'host', 'none']).map(
                (name) => (
                  <option key={name}>{name}</option>
                ),
              )}
            </Select>
          )}
        </Field>
        <Field label="Restart">
          {(ids) => (
            <Select
              {...ids}
              value={form.restart}
              disabled={form.autoRemove}
              onChange={(e) =>
                set({
                  restart:
                    (['no', 'on-failure', 'unless-stopped', 'always'] as const).find(
                      (value) => value === e.target.value,
                    ) ?? 'no',
                })
              }
            >
              <option value="no">Never</option>
              <option value="on-failure">When it fails</option>
              <option value="unless-stopped">Unless stopped</option>
              <option value="always">Always</option>
            </Select>
          )}
        </Field>
        <Field label="Memory limit" error={errors.memoryMiB}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="numeric"
              placeholder="MiB, empty for none"
              value={form.memoryMiB}
              onChange={(e) => set({ memoryMiB: e.target.value })}
            />
          )}
        </Field>
        <Field label="CPU limit" error={errors.cpus}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="decimal"
              placeholder="Cores, empty for none"
              value={form.cpus}
              onChange={(e) => set({ cpus: e.target.value })}
            />
          )}
        </Field>
      </div>
      {(
        [
          ['autoRemove', 'Remove it when it ends', 'Like docker run --rm.'],
          ['interactive', 'Keep a terminal and its input open', 'Like docker run -it; for shells.'],
        ] as const
      ).map(([key, label, hint]) => (
        <div key={key} className="flex items-center gap-3">
          <div className="flex-1">
            <div className="font-medium">{label}</div>
            <div className="text-xs text-ink-3">{hint}</div>
          </div>
          <Switch
            label={label}
            checked={form[key]}
            onChange={(checked) =>
              set(
                key === 'autoRemove'
                  ? { autoRemove: checked, restart: checked ? 'no' : form.restart }
                  : { interactive: checked },
              )
            }
          />
        </div>
      ))}
    </div>
  );
}

/** Runs a container from an image: three fields for most, the rest behind one click. */
export function RunDialog() {
  const intent = useIntent((state) => state.intent);
  const open = intent.kind === 'run';
  const image = open ? intent.image : '';
  const images = useImages().data ?? [];
  const navigate = useNavigate();
  const run = useRun();
  const [form, setForm] = useState<RunForm>(emptyForm);
  const [more, setMore] = useState(false);
  const [tried, setTried] = useState(false);
  const [stage, setStage] = useState<Stage>({ kind: 'form' });
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (!open) return;
    setForm({ ...emptyForm, image });
    setTried(false);
    setMore(false);
    setError(undefined);
    setStage({ kind: 'form' });
  }, [open, image]);
  const task = useTasks((state) =>
    stage.kind === 'pulling' ? state.tasks.find((each) => each.id === stage.taskId) : undefined,
  );
  const set = (part: Partial<RunForm>) => setForm((current) => ({ ...current, ...part }));
  const errors = tried ? checkForm(form) : {};
  const submit = async () => {
    setTried(true);
    const found = checkForm(form);
    if (Object.keys(found).length > 0) {
      if (Object.keys(found).some((field) => !['image', 'name', 'command'].includes(field))) setMore(true);
      return;
    }
    setError(undefined);
    try {
      const id = await run(form, setStage);
      endIntent();
      toastSuccess(`Started ${form.name || form.image}`);
      await navigate({ to: '/containers/$id/$tab', params: { id, tab: form.interactive ? 'terminal' : 'logs' } });
    } catch (cause) {
      setError(cause);
      setStage({ kind: 'form' });
    }
  };
  const busy = stage.kind !== 'form';
  return (
    <Dialog
      open={open}
      onClose={endIntent}
      onSubmit={() => void submit()}
      width="lg"
      title={image ? `Run ${image}` : 'Run a container'}
      description="An image that is not here yet is pulled first."
      footer={
        <>
          {stage.kind === 'pulling' && (
            <div className="flex flex-1 items-center gap-3 pr-4 text-ink-2">
              <span className="whitespace-nowrap">Pulling</span>
              <Progress value={task && totalShare(task.progress)} label="Pull progress" />
              <Button size="sm" look="ghost" onClick={() => cancelTask(stage.taskId)}>
                Stop
              </Button>
            </div>
          )}
          <Button onClick={endIntent}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy}>
            Run
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {error !== undefined && <ErrorNote error={error} />}
        <div className="grid grid-cols-2 gap-4">
          <Field label="Image" error={errors.image} hint="A name with or without a tag.">
            {(ids) => (
              <Input
                {...ids}
                list="local-images"
                placeholder="nginx:latest"
                value={form.image}
                onChange={(e) => set({ image: e.target.value })}
              />
            )}
          </Field>
          <datalist id="local-images">
            {images.flatMap((each) => each.RepoTags.map((tag) => <option key={tag} value={tag} />))}
          </datalist>
          <Field label="Container name" error={errors.name} hint="Empty for one made up.">
            {(ids) => (
              <Input
                {...ids}
                placeholder="my-container"
                value={form.name}
                onChange={(e) => set({ name: e.target.value })}
              />
            )}
          </Field>
        </div>
        <Field label="Command" error={errors.command} hint="Empty for the one the image brings.">
          {(ids) => (
            <Input
              {...ids}
              placeholder='sh -c "echo hello"'
              value={form.command}
              onChange={(e) => set({ command: e.target.value })}
              className="font-mono text-xs"
            />
          )}
        </Field>
        <button
          type="button"
          aria-expanded={more}
          onClick={() => setMore(!more)}
          className="flex items-center gap-1 self-start rounded font-medium text-accent"
        >
          <ChevronRight className={classes('size-4 transition-transform', more && 'rotate-90')} aria-hidden />
          Ports, volumes, environment and limits
        </button>
        {more && <Options form={form} set={set} errors={errors} />}
      </div>
    </Dialog>
  );
}
