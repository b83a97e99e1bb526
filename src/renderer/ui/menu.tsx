import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { classes } from './classes.ts';

export type MenuEntry =
  | {
      readonly kind: 'item';
      readonly label: string;
      readonly icon?: ReactNode;
      readonly danger?: boolean;
      readonly disabled?: boolean;
      readonly hint?: string;
      readonly onSelect: () => void;
    }
  | { readonly kind: 'line' };

/** A menu below its trigger (a kebab, mostly). */
export function Menu({
  trigger,
  entries,
  align = 'end',
}: {
  readonly trigger: ReactNode;
  readonly entries: readonly MenuEntry[];
  readonly align?: 'start' | 'end';
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="rise-in z-60 min-w-48 rounded-xl border border-line bg-raised p-1 shadow-float"
        >
          {entries.map((entry, index) =>
            entry.kind === 'line' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: separators have no identity
              <DropdownMenu.Separator key={`line-${index}`} className="my-1 h-px bg-line" />
            ) : (
              <DropdownMenu.Item
                key={entry.label}
                disabled={entry.disabled}
                onSelect={entry.onSelect}
                className={classes(
                  'flex h-8 items-center gap-2.5 rounded-lg px-2.5 outline-none select-none data-[disabled]:opacity-40 data-[highlighted]:bg-hover [&_svg]:size-4',
                  entry.danger ? 'text-bad' : 'text-ink',
                )}
              >
                {entry.icon}
                <span className="flex-1">{entry.label}</span>
                {entry.hint && <span className="text-xs text-ink-3">{entry.hint}</span>}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
