/** A small turning ring; `label` speaks for it where no text stands beside it. */
export function Spinner({ label, className }: { readonly label?: string; readonly className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      className={`size-4 animate-spin ${className ?? ''}`}
      role={label ? 'status' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" strokeOpacity="0.22" strokeWidth="2" />
      <path
        d="M8 1.800a6.200 6.200 0 0 1 6.200 6.200"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
    </svg>
  );
}
