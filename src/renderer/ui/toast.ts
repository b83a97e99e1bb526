import { toast } from 'sonner';

/** A passing message at the corner of the window. Errors stay longer and bring their hint. */
export function toastSuccess(message: string): void {
  toast.success(message);
}
export function toastWarning(message: string): void {
  toast.warning(message);
}
export function toastError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  toast.error(message, { description: hint, duration: 9000 });
}
