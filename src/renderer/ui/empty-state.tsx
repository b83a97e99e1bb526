import type { ReactNode } from 'react';
import { CopyButton } from './copy.tsx';

/** Nothing to show, and why: engine off, nothing yet (with the command that would make one), or a filter that hides all. */
export function EmptyState({
  icon,
  title,
  children,
  command,
  action,
}: {
  readonly icon: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly command?: string;
  readonly action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-3 rounded-xl border border-dashed border-line-strong px-6 py-14 text-center">
      <div
        className="grid size-12 place-items-center rounded-2xl bg-accent-soft text-accent [&_svg]:size-6"
        aria-hidden
      >
        {icon}
      </div>
      <h2 className="text-[15px] font-semibold">{title}</h2>
      {children && <div className="max-w-110 text-ink-2">{children}</div>}
      {command && (
        <div className="flex items-center gap-1 rounded-lg bg-sunken py-1 pr-1 pl-3 font-mono text-xs">
          <code>{command}</code>
          <CopyButton text={command} label="Copy the command" />
        </div>
      )}
      {action}
    </div>
  );
}
