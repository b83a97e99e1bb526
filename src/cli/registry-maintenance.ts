/** What `registry gc` and `registry retention` share: a folder, or a registry that serves. */
export const maintenanceFlags = {
  'dry-run': { type: 'bool', help: 'Only tell what would be removed' },
  root: { type: 'string', metavar: 'dir', help: 'Folder that holds the images; must not be served meanwhile' },
  server: { type: 'string', metavar: 'url', help: 'Ask this registry, which goes on serving' },
  user: {
    type: 'string',
    short: 'u',
    metavar: 'name',
    help: 'Administrator of that registry; the password is in WHARF_REGISTRY_PASSWORD',
  },
} as const;

export function maintenanceArguments(flags: {
  readonly 'dry-run': boolean;
  readonly root: string | undefined;
  readonly server: string | undefined;
  readonly user: string | undefined;
}): readonly string[] {
  const pairs = (['root', 'server', 'user'] as const).flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  return [...pairs, ...(flags['dry-run'] ? ['--dry-run'] : [])];
}
