/** What the settings of the app's own registry mean for its program: flags, and the file `--settings` reads. */
import path from 'node:path';
import type { OwnRegistrySettings } from '../contract/host-schemas.ts';

export interface RegistryFiles {
  readonly settings: string;
  /** Absent: everybody may do everything. */
  readonly users: string | undefined;
}

export function registryRoot(home: string, settings: OwnRegistrySettings): string {
  return settings.root === '' ? path.join(home, 'registry') : path.resolve(settings.root);
}

export function registryArgs(settings: OwnRegistrySettings, root: string, files: RegistryFiles): readonly string[] {
  return [
    'serve',
    ...['--listen', settings.listen, '--root', root, '--settings', files.settings],
    ...(files.users === undefined ? [] : ['--htpasswd', files.users]),
    ...(files.users !== undefined && settings.anonymousRead ? ['--anonymous-read'] : []),
    '--quiet',
    '--end-with-stdin',
  ];
}

/** Collection by itself every hour; retention runs only when somebody asks for it. */
export function serverSettings(settings: OwnRegistrySettings): Readonly<Record<string, unknown>> {
  const { keepLastTags, keepDays, protectedTags } = settings;
  const rule = {
    repositories: ['*'],
    ...(keepLastTags > 0 ? { keepLast: keepLastTags } : {}),
    ...(keepDays > 0 ? { keepDays } : {}),
    ...(protectedTags.length > 0 ? { protect: protectedTags } : {}),
  };
  const hasRule = keepLastTags > 0 || keepDays > 0;
  return { collectEveryMinutes: 60, ...(hasRule ? { retention: { rules: [rule] } } : {}) };
}

/** Whether anything but this machine can connect to `ADDR:PORT`. */
export function isReachableFromOutside(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return !(host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host));
}
