import type { ManifestAnnotateRequest } from '../../contract/engine-types.ts';
import { UsageError } from '../argv/usage-error.ts';
import type { FlagTable, FlagValues } from '../command.ts';

/** What a manifest list may be told to say of an image; docker's names. */
export const entryFlags = {
  annotation: { type: 'list', metavar: 'key=value', help: 'Add an annotation' },
  arch: { type: 'string', metavar: 'arch', help: 'Architecture: amd64, arm64, ...' },
  os: { type: 'string', metavar: 'os', help: 'Operating system' },
  'os-features': { type: 'list', commas: true, metavar: 'name', help: 'Features of the system it needs' },
  'os-version': { type: 'string', metavar: 'version', help: 'Version of the system' },
  variant: { type: 'string', metavar: 'variant', help: 'Variant of the architecture: v7, v8, ...' },
} as const satisfies FlagTable;

/** @throws UsageError for an annotation without `=` */
export function changesOf(flags: FlagValues<typeof entryFlags>): Omit<ManifestAnnotateRequest, 'Image'> {
  const annotations = flags.annotation.map((text) => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new UsageError(`--annotation ${text}: want key=value`, { exitCode: 1 });
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return {
    Os: flags.os,
    Architecture: flags.arch,
    Variant: flags.variant,
    OsVersion: flags['os-version'],
    OsFeatures: flags['os-features'].length === 0 ? undefined : flags['os-features'],
    Annotations: annotations.length === 0 ? undefined : Object.fromEntries(annotations),
  };
}
