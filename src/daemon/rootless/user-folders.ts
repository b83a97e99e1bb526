/** Where an ordinary user's engine keeps its things, when no flag says otherwise (XDG Base Directory Specification). */
import { statSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';

export interface UserFolders {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly configFile: string;
}

export interface UserEnvironment {
  readonly HOME?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
}

/**
 * @throws WharfError 'request.invalid' without a home folder. An exec root is needed only where `--exec-root` says nothing,
 * so it is asked for through `runtimeFolder`.
 */
export function userFolders(environment: UserEnvironment): UserFolders {
  const home = absolute(environment.HOME);
  const below = (given: string | undefined, usual: string): string => {
    const folder = absolute(given) ?? (home === undefined ? undefined : `${home}/${usual}`);
    if (folder !== undefined) return `${folder}/wharf`;
    throw new WharfError('request.invalid', '--rootless: $HOME is not set', {
      hint: 'Set HOME, or give --data-root and --config-file.',
    });
  };
  return {
    dataRoot: below(environment.XDG_DATA_HOME, '.local/share'),
    get execRoot() {
      return `${runtimeFolder(environment)}/wharf`;
    },
    configFile: `${below(environment.XDG_CONFIG_HOME, '.config')}/daemon.json`,
  };
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
