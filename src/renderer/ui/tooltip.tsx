import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';

// Focus that a dialog gives back must not open a tooltip: it would take the next Esc from whatever is below.
let tabbing = false;
addEventListener(
  'keydown',
  (event) => {
    tabbing = event.key === 'Tab';
  },
  { capture: true },
);

export const TooltipProvider = Tooltip.Provider;

/** A short hint on hover, and on focus that came with Tab. */
export function Tip({
  text,
  children,
  side,
}: {
  readonly text: ReactNode;
  readonly children: ReactNode;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
}) {
  if (!text) return children;
  return (
    <Tooltip.Root delayDuration={350}>
      <Tooltip.Trigger asChild onFocus={(event) => tabbing || event.preventDefault()}>
        {children}
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          side={side ?? 'top'}
          sideOffset={6}
          collisionPadding={8}
          className="fade-in z-60 max-w-80 rounded-md bg-[#10191f] px-2 py-1 text-xs text-[#e5edf2] shadow-float dark:bg-[#2a3741]"
        >
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
