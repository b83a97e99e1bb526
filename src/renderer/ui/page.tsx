import type { ReactNode } from 'react';
import { classes } from './classes.ts';

/** The frame of each page: title, one line of what it is, actions at the right, then the content that scrolls. */
export function Page({
  title,
  lead,
  actions,
  toolbar,
  children,
  fill,
}: {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly toolbar?: ReactNode;
  readonly children: ReactNode;
  /** The content takes the rest of the height and scrolls by itself (logs, terminal). */
  readonly fill?: boolean;
}) {
  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex flex-wrap items-start gap-x-4 gap-y-2 px-7 pt-6 pb-4">
        <div className="min-w-0 flex-1">
          <h1 className="truncate text-xl font-semibold tracking-tight">{title}</h1>
          {lead && <div className="mt-0.5 text-ink-2">{lead}</div>}
        </div>
        {actions && <div className="flex items-center gap-2">{actions}</div>}
      </header>
      {toolbar && <div className="flex flex-wrap items-center gap-3 px-7 pb-4">{toolbar}</div>}
      <div className={classes('min-h-0 flex-1 px-7 pb-7', fill ? 'flex flex-col' : 'overflow-y-auto')}>{children}</div>
    </div>
  );
}

export function Card({
  title,
  actions,
  children,
  className,
}: {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  return (
    <section className={classes('rounded-xl border border-line bg-surface shadow-card', className)}>
      {title && (
        <header className="flex h-11 items-center gap-2 px-4">
          <h2 className="flex-1 font-semibold">{title}</h2>
          {actions}
        </header>
      )}
      <div className={classes('px-4 pb-4', !title && 'pt-4')}>{children}</div>
    </section>
  );
}

/** Name and value pairs. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,max-content)_1fr] gap-x-5 gap-y-1.5">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="min-w-0 break-words text-ink">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
