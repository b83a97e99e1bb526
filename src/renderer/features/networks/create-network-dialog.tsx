import { useState } from 'react';
import { useEngine } from '../../engine/engine-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input, Switch } from '../../ui/field.tsx';
import { toastSuccess } from '../../ui/toast.ts';

export function CreateNetworkDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const engine = useEngine();
  const [name, setName] = useState('');
  const [subnet, setSubnet] = useState('');
  const [internal, setInternal] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setName('');
    setSubnet('');
    setInternal(false);
    setError(undefined);
    onClose();
  };
  const submit = async () => {
    try {
      const ipam = subnet.trim() === '' ? {} : { IPAM: { Config: [{ Subnet: subnet.trim() }] } };
      await engine.call('NetworkCreate', {
        body: { Name: name.trim(), Driver: 'bridge', Internal: internal, ...ipam },
      });
      toastSuccess(`Created ${name.trim()}`);
      close();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      onSubmit={() => void submit()}
      width="sm"
      title="Create a network"
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" disabled={name.trim() === ''}>
            Create
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {error !== undefined && <ErrorNote error={error} />}
        <Field label="Name">
          {(ids) => <Input {...ids} placeholder="my-network" value={name} onChange={(e) => setName(e.target.value)} />}
        </Field>
        <Field label="Subnet" hint="Empty for one that is free.">
          {(ids) => (
            <Input {...ids} placeholder="10.20.0.0/24" value={subnet} onChange={(e) => setSubnet(e.target.value)} />
          )}
        </Field>
        <div className="flex items-center gap-3">
          <div className="flex-1">
            <div className="font-medium">Internal</div>
            <div className="text-xs text-ink-3">No way out to other networks.</div>
          </div>
          <Switch label="Internal" checked={internal} onChange={setInternal} />
        </div>
      </div>
    </Dialog>
  );
}
