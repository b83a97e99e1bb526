import { type FormEvent, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Field } from '../ui/field.tsx';
import { signIn } from './session.ts';

// Not ui/field's Input: a password manager may fill these.
const control =
  'h-9 w-full rounded-lg border border-line-strong bg-surface px-2.5 text-ink transition-colors hover:border-ink-3 focus-visible:border-accent focus-visible:outline-offset-0';

/** Name and password of a user of this registry. */
export function SignInForm({ reason, onCancel }: { readonly reason: string; readonly onCancel?: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await signIn(name.trim(), password);
    } catch (cause) {
      setPassword('');
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => void submit(event)}
      aria-label="Sign in"
      className="flex w-96 max-w-full flex-col gap-4 rounded-2xl border border-line bg-raised p-6 shadow-float"
    >
      <div>
        <h1 className="text-lg font-semibold tracking-tight">Sign in to this registry</h1>
        <p className="mt-0.5 text-ink-2">
          {reason || 'With the name and password you also give to'} {reason === '' && <code>docker login</code>}
          {reason === '' && '.'}
        </p>
      </div>
      {error !== undefined && <ErrorNote error={error} />}
      <Field label="User name">
        {({ invalid: _, ...ids }) => (
          <input
            {...ids}
            className={control}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            // biome-ignore lint/a11y/noAutofocus: the form is all there is on the page
            autoFocus
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {({ invalid: _, ...ids }) => (
          <input
            {...ids}
            className={control}
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <div className="flex justify-end gap-2">
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button look="primary" type="submit" busy={busy} disabled={name.trim() === '' || password === ''}>
          Sign in
        </Button>
      </div>
      <p className="text-xs text-ink-3">The password is exchanged for a token and kept nowhere.</p>
    </form>
  );
}
