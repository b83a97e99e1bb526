import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Page } from '../ui/page.tsx';

/** A page that broke; the rest of the app goes on. */
export function PageError({ error, reset }: { readonly error: unknown; readonly reset?: () => void }) {
  return (
    <Page title="This page could not be shown">
      <ErrorNote
        error={error}
        action={
          reset && (
            <Button size="sm" onClick={reset}>
              Try again
            </Button>
          )
        }
      />
    </Page>
  );
}

export function NotFoundPage() {
  return (
    <Page title="Nothing here">
      <EmptyState
        icon={<Compass />}
        title="This page does not exist"
        action={
          <Link to="/" className="font-medium text-accent hover:underline">
            Go home
          </Link>
        }
      >
        The link may be from an older version of Wharf.
      </EmptyState>
    </Page>
  );
}
