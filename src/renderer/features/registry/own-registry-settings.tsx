import { useState } from 'react';
import type { OwnRegistrySettings } from '../../../contract/host-schemas.ts';
import { useChangeSettings } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input, Switch } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';
import { draftOf, readDraft } from './own-registry-draft.ts';

function Toggle({
  label,
  hint,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly hint: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  return (
    <div className="flex items-center gap-4">
      <div className="min-w-0 flex-1">
        <div className="font-medium">{label}</div>
        <div className="text-xs text-ink-3">{hint}</div>
      </div>
      <Switch label={label} checked={checked} onChange={onChange} />
    </div>
  );
}

/** How the registry is run. Switches count at once; what is typed counts with Save, and restarts a registry that runs. */
export function OwnRegistrySettingsCard({
  settings,
  running,
}: {
  readonly settings: OwnRegistrySettings;
  readonly running: boolean;
}) {
  const change = useChangeSettings();
  const [draft, setDraft] = useState(() => draftOf(settings));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const read = readDraft(draft);
  const dirty = JSON.stringify(draft) !== JSON.stringify(draftOf(settings));
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const save = async () => {
    if (read.kind !== 'good') return;
    setBusy(true);
    setError(undefined);
    try {
      await change({ ownRegistry: read.settings });
      toastSuccess('Saved');
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const errors: Readonly<Partial<Record<keyof typeof draft, string>>> = read.kind === 'bad' ? read.errors : {};
  const errorOf = (field: keyof typeof draft) => (errors[field] === undefined ? {} : { error: errors[field] });
  return (
    <Card title="Settings">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {error !== undefined && <ErrorNote error={error} />}
        <Toggle
          label="Start with the app"
          hint="It stops with the app in any case."
          checked={settings.startWithApp}
          onChange={(startWithApp) => void change({ ownRegistry: { startWithApp } }).catch(toastError)}
        />
        <Toggle
          label="Anybody may pull"
          hint="With users: only pushing and deleting need one."
          checked={settings.anonymousRead}
          onChange={(anonymousRead) => void change({ ownRegistry: { anonymousRead } }).catch(toastError)}
        />
        <Field
          label="Address"
          hint="127.0.0.1 is this machine only; 0.0.0.0 is every address of it."
          {...errorOf('listen')}
        >
          {(ids) => <Input {...ids} value={draft.listen} onChange={(event) => set({ listen: event.target.value })} />}
        </Field>
        <Field label="Folder" hint="Empty: below Wharf’s own folder. Images are not moved." {...errorOf('root')}>
          {(ids) => (
            <Input
              {...ids}
              placeholder="~/.wharf/registry"
              value={draft.root}
              onChange={(event) => set({ root: event.target.value })}
            />
          )}
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label="Keep the last tags" hint="Of each repository. Empty: no rule." {...errorOf('keepLastTags')}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="numeric"
                placeholder="all"
                value={draft.keepLastTags}
                onChange={(event) => set({ keepLastTags: event.target.value })}
              />
            )}
          </Field>
          <Field label="Keep for days" hint="Since the push. Empty: no rule." {...errorOf('keepDays')}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="numeric"
                placeholder="for ever"
                value={draft.keepDays}
                onChange={(event) => set({ keepDays: event.target.value })}
              />
            )}
          </Field>
        </div>
        <Field
          label="Tags that always stay"
          hint="With commas between; v* is every one that begins with v."
          {...errorOf('protectedTags')}
        >
          {(ids) => (
            <Input
              {...ids}
              placeholder="latest, v*"
              value={draft.protectedTags}
              onChange={(event) => set({ protectedTags: event.target.value })}
            />
          )}
        </Field>
        <div className="flex items-center justify-end gap-3">
          {dirty && running && <span className="text-xs text-ink-3">Saving restarts the registry.</span>}
          <Button look="primary" type="submit" busy={busy} disabled={!dirty || read.kind === 'bad'}>
            Save
          </Button>
        </div>
      </form>
    </Card>
  );
}
