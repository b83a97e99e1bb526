import { classes } from './classes.ts';

/** A bar; without a value it moves to say 'working, end unknown'. */
export function Progress({
  value,
  label,
  tone = 'accent',
  thin,
}: {
  readonly value: number | undefined;
  readonly label: string;
  readonly tone?: 'accent' | 'good' | 'warn' | 'bad';
  readonly thin?: boolean;
}) {
  const colour = { accent: 'bg-accent', good: 'bg-good', warn: 'bg-warn', bad: 'bg-bad' }[tone];
  const percent = value === undefined ? undefined : Math.max(0, Math.min(100, value * 100));
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent === undefined ? undefined : Math.round(percent)}
      className={classes('relative w-full overflow-hidden rounded-full bg-sunken', thin ? 'h-1' : 'h-1.5')}
    >
      {percent === undefined ? (
        <div
          className={classes(
            'absolute inset-y-0 w-1/3 animate-[w-indeterminate_1.3s_linear_infinite] rounded-full',
            colour,
          )}
        />
      ) : (
        <div
          className={classes('h-full rounded-full transition-[width] duration-200', colour)}
          style={{ width: `${percent}%` }}
        />
      )}
    </div>
  );
}

export function Skeleton({ className }: { readonly className?: string }) {
  return <div aria-hidden className={classes('animate-pulse rounded-md bg-line', className)} />;
}

/** Rows of grey while a list loads for the first time. */
export function TableSkeleton({ rows = 5 }: { readonly rows?: number }) {
  return (
    <output aria-label="Loading" className="block rounded-xl border border-line bg-surface p-4 shadow-card">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <div key={index} className="flex h-12 items-center gap-6">
          <Skeleton className="h-4 w-1/4" />
          <Skeleton className="h-4 w-1/5" />
          <Skeleton className="h-4 w-20" />
          <Skeleton className="ml-auto h-4 w-24" />
        </div>
      ))}
    </output>
  );
}
