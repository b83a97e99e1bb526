import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { Button } from './button.tsx';
import { classes } from './classes.ts';
import { Input } from './field.tsx';

const widths = { sm: 'w-105', md: 'w-140', lg: 'w-190' } as const;

/**
 * Where the keyboard starts: the first field, else the button that submits, else the dialog itself; never the close
 * button, whose tooltip would open with the dialog.
 */
function focusFirst(content: HTMLElement): void {
  const first =
    content.querySelector<HTMLElement>('input:not([type=checkbox]), textarea, select') ??
    content.querySelector<HTMLElement>('button[type=submit]:not(:disabled)') ??
    content;
  first.focus();
}

/** Radix gives the focus back to its own triggers only; these open from anywhere, so what had the focus is kept here. */
function useDialogFocus() {
  const before = useRef<Element>(null);
  return {
    onOpenAutoFocus(event: Event) {
      before.current = document.activeElement;
      if (!(event.currentTarget instanceof HTMLElement)) return;
      event.preventDefault();
      focusFirst(event.currentTarget);
    },
    onCloseAutoFocus(event: Event) {
      event.preventDefault();
      const target = before.current;
      // A menu that opened the dialog is gone by now: then the page has the keyboard.
      if (target instanceof HTMLElement && target.isConnected) target.focus();
      else document.getElementById('page')?.focus();
    },
  };
}

/** Without a tooltip: an open one takes the first Esc, which is meant for the dialog. */
function CloseButton({ onClick, className }: { readonly onClick: () => void; readonly className?: string }) {
  return (
    <button
      type="button"
      aria-label="Close"
      onClick={onClick}
      className={classes(
        'inline-grid size-7.5 shrink-0 place-items-center rounded-lg text-ink-2 transition-colors hover:bg-hover hover:text-ink [&_svg]:size-4',
        className,
      )}
    >
      <X />
    </button>
  );
}

/** A modal form or question: Enter submits, Esc closes, focus stays inside and returns. */
export function Dialog({
  open,
  onClose,
  title,
  description,
  width = 'md',
  children,
  footer,
  onSubmit,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly width?: keyof typeof widths;
  readonly children?: ReactNode;
  readonly footer?: ReactNode;
  readonly onSubmit?: () => void;
}) {
  const focus = useDialogFocus();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    onSubmit?.();
  };
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fade-in fixed inset-0 z-40 bg-[#0a1216]/45 backdrop-blur-[1px] dark:bg-black/60" />
        <Radix.Content
          {...focus}
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={classes(
            'rise-in fixed outline-none top-[max(3rem,8vh)] left-1/2 z-50 flex max-h-[84vh] max-w-[94vw] -translate-x-1/2 flex-col overflow-hidden rounded-2xl border border-line bg-raised shadow-float',
            widths[width],
          )}
        >
          <form onSubmit={submit} className="flex min-h-0 flex-1 flex-col">
            <header className="flex items-start gap-3 px-5 pt-4 pb-3">
              <div className="min-w-0 flex-1">
                <Radix.Title className="text-[15px] font-semibold text-ink">{title}</Radix.Title>
                {description && <Radix.Description className="mt-0.5 text-ink-2">{description}</Radix.Description>}
              </div>
              <CloseButton onClick={onClose} className="-mt-1 -mr-2" />
            </header>
            <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-4">{children}</div>
            {footer && (
              <footer className="flex items-center justify-end gap-2 border-t border-line bg-surface px-5 py-3">
                {footer}
              </footer>
            )}
          </form>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A panel from the right for details; the page stays in view. */
export function Drawer({
  open,
  onClose,
  title,
  children,
  wide,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly wide?: boolean;
}) {
  const focus = useDialogFocus();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fade-in fixed inset-0 z-40 bg-[#0a1216]/30 dark:bg-black/50" />
        <Radix.Content
          {...focus}
          aria-describedby={undefined}
          className={classes(
            'slide-in fixed outline-none inset-y-0 right-0 z-50 flex max-w-[94vw] flex-col border-l border-line bg-raised shadow-float',
            wide ? 'w-180' : 'w-115',
          )}
        >
          <header className="flex items-center gap-3 border-b border-line px-5 py-3">
            <Radix.Title className="min-w-0 flex-1 truncate text-[15px] font-semibold">{title}</Radix.Title>
            <CloseButton onClick={onClose} />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto p-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface ConfirmRequest {
  readonly title: string;
  readonly body?: ReactNode;
  /** The verb on the button. */
  readonly verb: string;
  readonly danger?: boolean;
  /** The user must type this to go on (purge and reset). */
  readonly typed?: string;
  readonly onConfirm: () => Promise<unknown> | undefined;
}

/** Asks before a destructive act; stays open and says why when the act fails. */
export function ConfirmDialog({
  request,
  onClose,
}: {
  readonly request: ConfirmRequest | undefined;
  readonly onClose: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [typed, setTyped] = useState('');
  const close = () => {
    setError(undefined);
    setTyped('');
    onClose();
  };
  const go = async () => {
    if (!request || (request.typed && typed !== request.typed)) return;
    setBusy(true);
    setError(undefined);
    try {
      await request.onConfirm();
      close();
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={request !== undefined}
      onClose={close}
      onSubmit={go}
      width="sm"
      title={request?.title ?? ''}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look={request?.danger === false ? 'primary' : 'danger'}
            type="submit"
            busy={busy}
            disabled={Boolean(request?.typed) && typed !== request?.typed}
          >
            {request?.verb}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-ink-2">
        {request?.body}
        {request?.typed && (
          <Input
            aria-label={`Type ${request.typed} to go on`}
            placeholder={request.typed}
            value={typed}
            onChange={(e) => setTyped(e.target.value)}
          />
        )}
        {error && (
          <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2 text-bad">
            {error}
          </p>
        )}
      </div>
    </Dialog>
  );
}
