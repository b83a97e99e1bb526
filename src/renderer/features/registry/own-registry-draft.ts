/** The form of the own registry's settings: text while it is typed, settings when it makes sense. */
import type { OwnRegistrySettings } from '../../../contract/host-schemas.ts';

export interface OwnRegistryDraft {
  readonly listen: string;
  readonly root: string;
  readonly keepLastTags: string;
  readonly keepDays: string;
  readonly protectedTags: string;
}

export type ReadDraft =
  | {
      readonly kind: 'good';
      readonly settings: Omit<OwnRegistrySettings, 'startWithApp' | 'anonymousRead'>;
    }
  | { readonly kind: 'bad'; readonly errors: Readonly<Partial<Record<keyof OwnRegistryDraft, string>>> };

export function draftOf(settings: OwnRegistrySettings): OwnRegistryDraft {
  const number = (value: number) => (value === 0 ? '' : String(value));
  return {
    listen: settings.listen,
    root: settings.root,
    keepLastTags: number(settings.keepLastTags),
    keepDays: number(settings.keepDays),
    protectedTags: settings.protectedTags.join(', '),
  };
}

export function readDraft(draft: OwnRegistryDraft): ReadDraft {
  const errors: Partial<Record<keyof OwnRegistryDraft, string>> = {};
  const listen = draft.listen.trim();
  const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):(\d{1,5})$/.exec(listen)?.[1] ?? Number.NaN);
  if (!(port <= 65_535)) errors.listen = 'An address and a port, such as 127.0.0.1:5000';
  const root = draft.root.trim();
  if (root !== '' && !root.startsWith('/')) errors.root = 'A whole path, from / on';
  const keepLastTags = wholeNumber(draft.keepLastTags, 100_000);
  if (keepLastTags === undefined) errors.keepLastTags = 'A number, or nothing';
  const keepDays = wholeNumber(draft.keepDays, 36_500);
  if (keepDays === undefined) errors.keepDays = 'A number, or nothing';
  const protectedTags = draft.protectedTags
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (protectedTags.some((tag) => !/^[\w.*-]{1,128}$/.test(tag)) || protectedTags.length > 50)
    errors.protectedTags = 'Tags with commas between';
  if (keepLastTags === undefined || keepDays === undefined || Object.keys(errors).length > 0)
    return { kind: 'bad', errors };
  return { kind: 'good', settings: { listen, root, keepLastTags, keepDays, protectedTags } };
}

/** Nothing is 0: it does not count. */
function wholeNumber(text: string, max: number): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return 0;
  return /^\d{1,6}$/.test(trimmed) && Number(trimmed) <= max ? Number(trimmed) : undefined;
}
