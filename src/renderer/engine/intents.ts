import { create } from 'zustand';

/**
 * What a page may ask of the app without knowing who does it: features never import each other, so "run this image" or
 * "pull something" is an intent, and the feature that owns the dialog (mounted once by app/) answers it.
 */
export type Intent =
  | { readonly kind: 'none' }
  | { readonly kind: 'run'; readonly image: string }
  | { readonly kind: 'pull'; readonly reference: string }
  | { readonly kind: 'sign-in'; readonly registry: string }
  | { readonly kind: 'palette' }
  | { readonly kind: 'tasks' };

interface IntentState {
  readonly intent: Intent;
}

export const useIntent = create<IntentState>(() => ({ intent: { kind: 'none' } }));

export function intend(intent: Intent): void {
  useIntent.setState({ intent });
}
export function endIntent(): void {
  useIntent.setState({ intent: { kind: 'none' } });
}
