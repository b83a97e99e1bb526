import { useQuery } from '@tanstack/react-query';
import { CircleCheck, LogIn, LogOut, Moon, RotateCw, Sun, X } from 'lucide-react';
import { useState } from 'react';
import logo from '../assets/wharf.svg';
import { RegistryBrowser } from '../registry-browser/registry-browser.tsx';
import { RegistryConnectionProvider } from '../registry-browser/registry-connection.ts';
import { wharfSpace } from '../registry-browser/wharf-content.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { bytes } from '../ui/bytes.ts';
import { ErrorNote } from '../ui/error-note.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { usePlaceInAddress } from './place-in-address.ts';
import { ownRegistry, type Session, signOut, startSession, useSession, whoIs } from './session.ts';
import { SignInForm } from './sign-in-form.tsx';
import { useSiteTheme } from './site-theme.ts';

/** The page a registry serves of itself. */
export function RegistrySite() {
  const session = useSession((state) => state.session);
  const [signingIn, setSigningIn] = useState(false);
  if (signingIn && session.kind !== 'reader') setSigningIn(false);
  return (
    <RegistryConnectionProvider value={ownRegistry}>
      <div className="flex h-full flex-col">
        <Header session={session} onSignIn={() => setSigningIn(true)} />
        <main className="min-h-0 flex-1 overflow-y-auto">
          {session.kind === 'asking' ? (
            <div className="grid h-full place-items-center text-ink-3">
              <Spinner label="Asking the registry" className="size-6" />
            </div>
          ) : session.kind === 'unreachable' ? (
            <Unreachable message={session.message} />
          ) : session.kind === 'signed-out' ? (
            <Middle>
              <SignInForm reason={session.reason} />
            </Middle>
          ) : signingIn ? (
            <Middle>
              <SignInForm reason="" onCancel={() => setSigningIn(false)} />
            </Middle>
          ) : (
            <Content key={whoIs(session)} mayDelete={session.kind !== 'reader'} />
          )}
        </main>
      </div>
    </RegistryConnectionProvider>
  );
}

function Middle({ children }: { readonly children: React.ReactNode }) {
  return <div className="grid min-h-full place-items-center p-6">{children}</div>;
}

function Unreachable({ message }: { readonly message: string }) {
  return (
    <Middle>
      <div className="w-110 max-w-full">
        <ErrorNote
          error={new Error(message)}
          action={
            <Button size="sm" icon={<RotateCw className="size-3.5" />} onClick={() => void startSession()}>
              Try again
            </Button>
          }
        />
      </div>
    </Middle>
  );
}

function Header({ session, onSignIn }: { readonly session: Session; readonly onSignIn: () => void }) {
  const { theme, toggle } = useSiteTheme();
  return (
    <header className="flex h-14 shrink-0 items-center gap-3 border-b border-line bg-surface px-6">
      <img src={logo} alt="" className="size-7" />
      <span className="text-base font-semibold tracking-tight">Wharf registry</span>
      <code className="truncate rounded bg-sunken px-2 py-0.5 font-mono text-xs text-ink-2">{ownRegistry.address}</code>
      <span className="flex-1" />
      {session.kind === 'reader' && (
        <>
          <span className="text-ink-3">Reading without a name</span>
          <Button size="sm" icon={<LogIn className="size-3.5" />} onClick={onSignIn}>
            Sign in
          </Button>
        </>
      )}
      {session.kind === 'user' && (
        <>
          <span className="truncate text-ink-2">{session.name}</span>
          <Button size="sm" icon={<LogOut className="size-3.5" />} onClick={() => void signOut()}>
            Sign out
          </Button>
        </>
      )}
      <IconButton label={theme === 'dark' ? 'Switch to light' : 'Switch to dark'} onClick={toggle}>
        {theme === 'dark' ? <Sun /> : <Moon />}
      </IconButton>
    </header>
  );
}

function Content({ mayDelete }: { readonly mayDelete: boolean }) {
  const [place, go] = usePlaceInAddress();
  const [message, setMessage] = useState<string>();
  // Only administrators may know; nobody else misses the line.
  const space = useQuery({
    queryKey: ['registry-browser', ownRegistry.address, 'space'],
    queryFn: ({ signal }) => wharfSpace(ownRegistry, signal),
    staleTime: 30_000,
  }).data;
  return (
    <div className="mx-auto flex max-w-330 flex-col gap-4 px-6 py-5">
      {place.kind === 'repositories' && (
        <div>
          <h1 className="text-xl font-semibold tracking-tight">Repositories</h1>
          <p className="mt-0.5 text-ink-2">
            Images, extensions and other artifacts kept here
            {space === undefined ? '.' : `: ${bytes(space.sizeBytes)} in ${space.blobs} blobs.`}
          </p>
        </div>
      )}
      {place.kind !== 'repositories' && <h1 className="sr-only">{place.name}</h1>}
      {message !== undefined && (
        <div
          role="status"
          className="flex items-center gap-2.5 rounded-xl border border-good/25 bg-good-soft px-4 py-2 text-good"
        >
          <CircleCheck className="size-4 shrink-0" aria-hidden />
          <span className="min-w-0 flex-1 break-words">{message}</span>
          <IconButton label="Dismiss" onClick={() => setMessage(undefined)}>
            <X />
          </IconButton>
        </div>
      )}
      <RegistryBrowser place={place} onGo={go} mayDelete={mayDelete} onDeleted={setMessage} />
    </div>
  );
}
