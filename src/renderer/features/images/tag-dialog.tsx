import { useEffect, useState } from 'react';
import { useEngine } from '../../engine/engine-context.tsx';
import { splitReference } from '../../engine/tasks.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import type { ImageRow } from './image-rows.ts';

export function TagDialog({ row, onClose }: { readonly row: ImageRow | undefined; readonly onClose: () => void }) {
  const engine = useEngine();
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another image means an empty form
  useEffect(() => {
    setName('');
    setError(undefined);
  }, [row]);
  const submit = async () => {
    if (!row) return;
    const { fromImage, tag } = splitReference(name.trim());
    try {
      await engine.call('ImageTag', { params: { name: row.target }, query: { repo: fromImage, tag } });
      toastSuccess(`Tagged as ${name.trim()}`);
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Dialog
      open={row !== undefined}
      onClose={onClose}
      onSubmit={() => void submit()}
      width="sm"
      title={`Tag ${row?.reference ?? ''}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={name.trim() === ''}>
            Tag
          </Button>
        </>
      }
    >
      {error !== undefined && <ErrorNote error={error} />}
      <Field label="New name" hint="With a registry in front to push it there.">
        {(ids) => (
          <Input
            {...ids}
            placeholder="registry.example.com/team/app:1.0"
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}
