import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { classes } from './classes.ts';
import { Spinner } from './spinner.tsx';
import { Tip } from './tooltip.tsx';

type Look = 'primary' | 'secondary' | 'ghost' | 'danger';

const looks: Record<Look, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong shadow-sm',
  secondary: 'bg-raised text-ink border border-line-strong hover:bg-hover',
  ghost: 'text-ink-2 hover:bg-hover hover:text-ink',
  danger: 'bg-bad text-white dark:text-[#2b0b09] hover:bg-bad-strong shadow-sm',
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: Look;
  readonly icon?: ReactNode;
  readonly busy?: boolean;
  readonly size?: 'sm' | 'md';
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({
  look = 'secondary',
  icon,
  busy,
  size = 'md',
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      aria-busy={busy}
      className={classes(
        'inline-flex items-center justify-center gap-1.5 rounded-lg font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50',
        size === 'sm' ? 'h-7 px-2.5 text-xs' : 'h-8.5 px-3.5',
        looks[look],
        className,
      )}
      {...rest}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** Accessible name; shown as the tooltip too. */
  readonly label: string;
  readonly busy?: boolean;
  readonly tone?: 'plain' | 'danger' | 'good';
  readonly ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ label, busy, tone = 'plain', className, children, disabled, ...rest }: IconButtonProps) {
  return (
    <Tip text={label}>
      <button
        type="button"
        aria-label={label}
        disabled={disabled || busy}
        aria-busy={busy}
        className={classes(
          'inline-grid size-7.5 shrink-0 place-items-center rounded-lg text-ink-2 transition-colors hover:bg-hover disabled:opacity-40 [&_svg]:size-4',
          tone === 'danger' ? 'hover:text-bad' : tone === 'good' ? 'hover:text-good' : 'hover:text-ink',
          className,
        )}
        {...rest}
      >
        {busy ? <Spinner /> : children}
      </button>
    </Tip>
  );
}
