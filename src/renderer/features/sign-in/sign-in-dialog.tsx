import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { endIntent, useIntent } from '../../engine/intents.ts';
import { hostKeys, useAppInfo, useHost } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { toastSuccess } from '../../ui/toast.ts';

/** Signs in to a registry. The engine checks the credentials before anything is stored. */
export function SignInDialog() {
  const intent = useIntent((state) => state.intent);
  const open = intent.kind === 'sign-in';
  const wanted = open ? intent.registry : '';
  const host = useHost();
  const cache = useQueryClient();
  const keyStore = useAppInfo().data?.capabilities.systemKeyStore;
  const [registry, setRegistry] = useState('');
  const [username, setUsername] = useState('');
  const [secret, setSecret] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (!open) return;
    setRegistry(wanted);
    setUsername('');
    setSecret('');
    setError(undefined);
  }, [open, wanted]);
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await host.invoke('credentials.save', { registry: registry.trim() || 'docker.io', username, secret });
      await cache.invalidateQueries({ queryKey: hostKeys.credentials });
      // What was refused before may be there now.
      await cache.invalidateQueries({ queryKey: ['registry-search'] });
      toastSuccess(`Signed in to ${registry.trim() || 'docker.io'}`);
      endIntent();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={endIntent}
      onSubmit={() => void submit()}
      width="sm"
      title="Sign in to a registry"
      description={keyStore ? 'Kept in the key store of this machine.' : 'Kept encrypted, in a file only you can read.'}
      footer={
        <>
          <Button onClick={endIntent}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={username === '' || secret === ''}>
            Sign in
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {error !== undefined && <ErrorNote error={error} />}
        <Field label="Registry">
          {(ids) => (
            <Input {...ids} placeholder="docker.io" value={registry} onChange={(e) => setRegistry(e.target.value)} />
          )}
        </Field>
        <Field label="User name">
          {(ids) => <Input {...ids} value={username} onChange={(e) => setUsername(e.target.value)} />}
        </Field>
        <Field label="Password or access token">
          {(ids) => <Input {...ids} type="password" value={secret} onChange={(e) => setSecret(e.target.value)} />}
        </Field>
      </div>
    </Dialog>
  );
}
