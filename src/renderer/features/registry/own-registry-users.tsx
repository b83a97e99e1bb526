import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Trash2, UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import { hostKeys, useHost } from '../../host/host-context.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog, type ConfirmRequest, Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, Input, Switch } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/progress.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';

/** @param address where it runs; undefined while it does not */
export function OwnRegistryUsers({
  address,
  anonymousRead,
}: {
  readonly address: string | undefined;
  readonly anonymousRead: boolean;
}) {
  const host = useHost();
  const cache = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const users = useQuery({
    queryKey: hostKeys.ownRegistryUsers,
    queryFn: () => host.invoke('registry.users', null),
    retry: false,
  });
  const names = users.data ?? [];
  const remove = (name: string) =>
    setConfirm({
      title: `Remove the user ${name}?`,
      verb: 'Remove',
      body: (
        <p>
          {names.length === 1
            ? 'It is the last one: everybody who reaches the registry may push, pull and delete then.'
            : 'What they pushed stays. They can not pull or push any more.'}
        </p>
      ),
      onConfirm: async () => {
        cache.setQueryData(hostKeys.ownRegistryUsers, await host.invoke('registry.removeUser', { name }));
        toastSuccess(`Removed ${name}`);
      },
    });
  return (
    <Card
      title="Users"
      actions={
        <Button size="sm" icon={<UserPlus className="size-3.5" />} onClick={() => setAdding(true)}>
          Add a user
        </Button>
      }
    >
      {users.error ? (
        <ErrorNote error={users.error} />
      ) : users.data === undefined ? (
        <Skeleton className="h-10" />
      ) : names.length === 0 ? (
        <p className="text-ink-2">
          No users: everybody on this machine may push, pull and delete. The first user closes it to everybody else.
        </p>
      ) : (
        <>
          <ul aria-label="Users" className="flex flex-col">
            {names.map((name) => (
              <li key={name} className="flex items-center gap-2.5 border-b border-line py-1.5 last:border-0">
                <Users className="size-4 text-ink-3" aria-hidden />
                <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
                <IconButton label={`Remove ${name}`} tone="danger" onClick={() => remove(name)}>
                  <Trash2 />
                </IconButton>
              </li>
            ))}
          </ul>
          <p className="mt-2 text-xs text-ink-3">
            {anonymousRead ? 'Pulling needs no user; pushing and deleting do.' : 'Pulling needs a user, too.'}
          </p>
        </>
      )}
      <AddUserDialog open={adding} onClose={() => setAdding(false)} address={address} taken={names} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Card>
  );
}

function AddUserDialog({
  open,
  onClose,
  address,
  taken,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly address: string | undefined;
  readonly taken: readonly string[];
}) {
  const host = useHost();
  const cache = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [signIn, setSignIn] = useState(true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setName('');
    setPassword('');
    setError(undefined);
    onClose();
  };
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const names = await host.invoke('registry.addUser', { name: name.trim(), password });
      cache.setQueryData(hostKeys.ownRegistryUsers, names);
      if (signIn && address !== undefined) await signInHere(name.trim());
      toastSuccess(taken.includes(name.trim()) ? `Changed the password of ${name.trim()}` : `Added ${name.trim()}`);
      close();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  /** A registry on any free port has another address after its restart, which the first user brings. */
  const signInHere = async (username: string) => {
    const now = await host.invoke('registry.status', null);
    if (now.kind !== 'running') return;
    await host
      .invoke('credentials.save', { registry: now.address, username, secret: password })
      .then(() => cache.invalidateQueries({ queryKey: hostKeys.credentials }), toastError);
    await cache.invalidateQueries({ queryKey: ['registry-browser', now.address] });
  };
  const badName = name !== '' && !/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(name.trim());
  return (
    <Dialog
      open={open}
      onClose={close}
      onSubmit={() => void submit()}
      width="sm"
      title="Add a user"
      description="For docker login, and for the registry’s own page."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={name.trim() === '' || badName || password === ''}>
            {taken.includes(name.trim()) ? 'Change the password' : 'Add'}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {error !== undefined && <ErrorNote error={error} />}
        <Field label="User name" {...(badName ? { error: 'Letters, digits and . _ @ - only' } : {})}>
          {(ids) => <Input {...ids} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Password" hint="Only a hash of it is kept.">
          {(ids) => (
            <Input {...ids} type="password" value={password} onChange={(event) => setPassword(event.target.value)} />
          )}
        </Field>
        {address !== undefined && (
          <div className="flex items-center justify-between gap-4">
            <span className="text-ink-2">Sign this app in as this user</span>
            <Switch label="Sign this app in as this user" checked={signIn} onChange={setSignIn} />
          </div>
        )}
      </div>
    </Dialog>
  );
}
