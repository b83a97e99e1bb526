import { createContext, type ReactNode, useContext } from 'react';

const Filter = createContext('');

/** The settings under a search: rows that do not match hide themselves, and a section without rows hides by CSS. */
export function SettingsSections({ filter, children }: { readonly filter: string; readonly children: ReactNode }) {
  return (
    <Filter value={filter.trim().toLowerCase()}>
      <div className="peer flex max-w-190 flex-col gap-5">{children}</div>
    </Filter>
  );
}

export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title} className="hidden has-[[data-setting]]:block">
      <h2 className="mb-2 font-semibold">{title}</h2>
      <div className="divide-y divide-line rounded-xl border border-line bg-surface shadow-card">{children}</div>
    </section>
  );
}

/** One setting: what it is at the left, the control at the right (or below, when it is wide). */
export function Row({
  title,
  hint,
  words,
  wide,
  children,
}: {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly words?: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  const filter = useContext(Filter);
  if (
    filter !== '' &&
    !`${title} ${typeof hint === 'string' ? hint : ''} ${words ?? ''}`.toLowerCase().includes(filter)
  )
    return null;
  return (
    <div
      data-setting
      className={wide ? 'flex flex-col gap-2 px-4 py-3' : 'flex min-h-14 items-center gap-6 px-4 py-2.5'}
    >
      <div className="min-w-0 flex-1">
        <div className="font-medium">{title}</div>
        {hint && <div className="text-xs text-ink-3">{hint}</div>}
      </div>
      {children}
    </div>
  );
}
