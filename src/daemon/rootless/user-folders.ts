/** Where an ordinary user's engine keeps its things, when no flag says otherwise (XDG Base Directory Specification). */
import { statSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';

export interface UserFolders {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly configFile: string;
}

export type UserEnvironment = Readonly<Record<string, string | undefined>>;

/** Each is looked up when it is asked for: a flag may make it unnecessary. @throws WharfError 'request.invalid' without one */
export function userFolders(environment: UserEnvironment): UserFolders {
  return {
    get dataRoot() {
      return `${below(environment, environment.XDG_DATA_HOME, '.local/share')}/wharf`;
    },
    get execRoot() {
      return `${runtimeFolder(environment)}/wharf`;
    },
    get configFile() {
      return `${below(environment, environment.XDG_CONFIG_HOME, '.config')}/wharf/daemon.json`;
    },
  };
}

function below(environment: UserEnvironment, given: string | undefined, usual: string): string {
  const home = absolute(environment.HOME);
  const folder = absolute(given) ?? (home === undefined ? undefined : `${home}/${usual}`);
  if (folder !== undefined) return folder;
  throw new WharfError('request.invalid', '--rootless: $HOME is not set', {
    hint: 'Set HOME, or give --data-root and --config-file.',
  });
}

/** @throws WharfError 'request.invalid' when the user has no folder of this kind */
function runtimeFolder(environment: UserEnvironment): string {
  const given = absolute(environment.XDG_RUNTIME_DIR);
  if (given !== undefined) return given;
  const uid = process.getuid?.() ?? 0;
  const usual = `/run/user/${uid}`;
  if (statSync(usual, { throwIfNoEntry: false })?.uid === uid) return usual;
  throw new WharfError('request.invalid', `--rootless: $XDG_RUNTIME_DIR is not set, and ${usual} does not exist`, {
    hint: 'A login with systemd makes that folder (`loginctl enable-linger` keeps it); or set XDG_RUNTIME_DIR to a folder of yours with mode 0700, on a tmpfs.',
  });
}

/** The specification: a relative path is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path.replace(/(.)\/+$/, '$1') : undefined;
}
