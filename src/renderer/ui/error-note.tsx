import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

/** What went wrong and what to do about it. Errors of the engine carry `hint`. */
export function ErrorNote({ error, action }: { readonly error: unknown; readonly action?: ReactNode }) {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-xl border border-bad/25 bg-bad-soft px-4 py-3">
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-medium break-words text-bad">{message}</p>
        {hint && <p className="mt-0.5 text-ink-2">{hint}</p>}
      </div>
      {action}
    </div>
  );
}
