import { WharfError } from '../../contract/errors.ts';
import {
  compileSeccomp,
  type OciSeccomp,
  parseSeccompProfile,
  type SeccompHost,
  type SeccompProfile,
} from '../runtime/seccomp.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile: string | undefined;
  readonly selinuxLabel: string | undefined;
  /** 'default', 'unconfined', or the JSON of a profile, which the client put in. */
  readonly seccomp: string;
}

/** Docker's --security-opt. @throws WharfError 'container.config-invalid' in Docker's words */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let apparmorProfile: string | undefined;
  let selinuxLabel: string | undefined;
  let seccomp = 'default';
  for (const option of options) {
    if (option === 'no-new-privileges') {
      noNewPrivileges = true;
      continue;
    }
    const match = /^([a-z-]+)[=:]([\s\S]*)$/.exec(option);
    const [, name, value = ''] = match ?? [];
    switch (name) {
      case 'no-new-privileges':
        if (value !== 'true' && value !== 'false') throw invalid(`invalid --security-opt 2: "${option}"`);
        noNewPrivileges = value === 'true';
        break;
      case 'seccomp':
        seccomp = value === 'builtin' ? 'default' : value;
        break;
      case 'apparmor':
        apparmorProfile = value === 'unconfined' ? undefined : value;
        break;
      case 'label':
        selinuxLabel = value === 'disable' ? undefined : value;
        break;
      case 'systempaths':
        // The client has turned it into MaskedPaths and ReadonlyPaths already.
        break;
      default:
        throw invalid(`invalid --security-opt 2: "${option}"`);
    }
  }
  return { noNewPrivileges, apparmorProfile, selinuxLabel, seccomp };
}

export interface SeccompSource {
  readonly defaultProfile: SeccompProfile;
  readonly host: SeccompHost;
}

/** undefined: no filter. */
export function seccompFor(
  choice: string,
  privileged: boolean,
  capabilities: readonly string[],
  source: SeccompSource,
): OciSeccomp | undefined {
  if (choice === 'unconfined' || (privileged && choice === 'default')) return undefined;
  const profile = choice === 'default' ? source.defaultProfile : parseSeccompProfile(choice);
  return compileSeccomp(profile, capabilities, source.host);
}

function invalid(message: string): WharfError {
  return new WharfError('container.config-invalid', message);
}
