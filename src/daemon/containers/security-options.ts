import { WharfError } from '../../contract/errors.ts';
import {
  compileSeccomp,
  type OciSeccomp,
  parseSeccompProfile,
  type SeccompHost,
  type SeccompProfile,
} from '../runtime/seccomp.ts';
import { type ContainerSettings, plainSettings } from './container-settings.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile: string | undefined;
  /** 'default', 'unconfined', or the JSON of a profile, which the client put in. */
  readonly seccomp: string;
  /** Whether /sys/fs/cgroup may be written; undefined: as privileged or not says. */
  readonly writableCgroups: boolean | undefined;
}

/**
 * Docker's --security-opt. Labels are SELinux's and mean nothing to an engine without `--selinux-enabled`, as here.
 * @throws WharfError 'container.config-invalid' in Docker's words, with Docker's status 500
 */
export function parseSecurityOptions(
  options: readonly string[],
  daemon: Pick<ContainerSettings, 'noNewPrivileges' | 'seccomp'> = plainSettings,
): SecurityOptions {
  let { noNewPrivileges } = daemon;
  let writableCgroups: boolean | undefined;
  let apparmorProfile: string | undefined;
  let seccomp = daemon.seccomp === 'builtin' ? 'default' : daemon.seccomp;
  for (const option of options) {
    const [name, value] = splitOption(option);
    switch (name) {
      case 'no-new-privileges':
        noNewPrivileges = flag(option, value);
        break;
      case 'writable-cgroups':
        writableCgroups = flag(option, value);
        break;
      case 'seccomp':
        seccomp = value === 'builtin' || value === '' ? 'default' : value;
        break;
      case 'apparmor':
        apparmorProfile = value;
        break;
      case 'label':
        break;
      default:
        throw invalid(2, option);
    }
  }
  return { noNewPrivileges, apparmorProfile, seccomp, writableCgroups };
}

function splitOption(option: string): readonly [name: string, value: string] {
  if (option === 'no-new-privileges' || option === 'writable-cgroups') return [option, 'true'];
  if (option === 'disable') return ['label', option];
  const separator = option.includes('=') ? '=' : ':';
  const at = option.indexOf(separator);
  if (at === -1) throw invalid(1, option);
  return [option.slice(0, at), option.slice(at + 1)];
}

/** What Go's strconv.ParseBool takes. */
function flag(option: string, value: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw invalid(2, option);
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

function invalid(kind: 1 | 2, option: string): WharfError {
  const message = `invalid --security-opt ${kind}: ${JSON.stringify(option)}`;
  return new WharfError('container.config-invalid', message, { status: 500 });
}
