/**
 * Seccomp profiles in the engine's format (Docker's profile JSON), compiled to the OCI form for one container: rules that
 * depend on its capabilities, the machine's architecture or the kernel's version are decided here.
 */
import { WharfError } from '../../contract/errors.ts';

/** OCI runtime spec, linux.seccomp. */
export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly listenerPath?: string;
  readonly syscalls: readonly OciSeccompRule[];
}

export interface OciSeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

interface RuleFilter {
  readonly caps: readonly string[];
  readonly arches: readonly string[];
  readonly minKernel?: KernelVersion;
}

interface ProfileRule extends OciSeccompRule {
  readonly includes: RuleFilter;
  readonly excludes: RuleFilter;
}

/** A profile, parsed and checked. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly flags: readonly string[];
  readonly rules: readonly ProfileRule[];
}

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

export interface SeccompHost {
  /** As Docker and Go name it: amd64, arm64. */
  readonly architecture: string;
  readonly kernel: KernelVersion;
}

const architectureNames: Readonly<Record<string, string>> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  arm: 'SCMP_ARCH_ARM',
  riscv64: 'SCMP_ARCH_RISCV64',
  ppc64le: 'SCMP_ARCH_PPC64LE',
  s390x: 'SCMP_ARCH_S390X',
  loong64: 'SCMP_ARCH_LOONGARCH64',
};

/** Decides every conditional rule for a container with these capabilities (its bounding set). */
export function compileSeccomp(
  profile: SeccompProfile,
  capabilities: readonly string[],
  host: SeccompHost,
): OciSeccomp {
  const applies = (rule: ProfileRule): boolean => {
    const { includes, excludes } = rule;
    if (excludes.arches.includes(host.architecture)) return false;
    if (excludes.caps.some((capability) => capabilities.includes(capability))) return false;
    if (excludes.minKernel !== undefined && !olderThan(host.kernel, excludes.minKernel)) return false;
    if (includes.arches.length > 0 && !includes.arches.includes(host.architecture)) return false;
    if (!includes.caps.every((capability) => capabilities.includes(capability))) return false;
    return includes.minKernel === undefined || !olderThan(host.kernel, includes.minKernel);
  };
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: architecturesFor(profile, host.architecture),
    ...(profile.flags.length > 0 ? { flags: profile.flags } : {}),
    syscalls: profile.rules.filter(applies).map(({ includes: _, excludes: __, ...rule }) => rule),
  };
}

function architecturesFor(profile: SeccompProfile, architecture: string): readonly string[] {
  if (profile.archMap.length === 0) return profile.architectures;
  const name = architectureNames[architecture];
  const entry = profile.archMap.find((candidate) => candidate.architecture === name);
  return entry === undefined ? [] : [entry.architecture, ...entry.subArchitectures];
}

function olderThan(kernel: KernelVersion, bound: KernelVersion): boolean {
  return kernel.major < bound.major || (kernel.major === bound.major && kernel.minor < bound.minor);
}

/** `6.18.44-fc-v769` -> {major: 6, minor: 18} */
export function parseKernelVersion(release: string): KernelVersion | undefined {
  const match = /^(\d+)\.(\d+)/.exec(release);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/**
 * Reads a profile in Docker's JSON, the default one and those of `--security-opt seccomp=`.
 * @throws WharfError 'container.config-invalid'
 */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WharfError('container.config-invalid', 'Decoding seccomp profile failed: it is not JSON', { cause });
  }
  const profile = objectOf(value, 'the profile');
  const architectures = stringsOf(profile.architectures, 'architectures');
  const archMap = listOf(profile.archMap, 'archMap').map((entry) => {
    const map = objectOf(entry, 'archMap');
    return {
      architecture: stringOf(map.architecture, 'archMap.architecture'),
      subArchitectures: stringsOf(map.subArchitectures, 'archMap.subArchitectures'),
    };
  });
  if (architectures.length > 0 && archMap.length > 0) {
    throw invalid("use either 'architectures' or 'archMap'");
  }
  return {
    defaultAction: stringOf(profile.defaultAction, 'defaultAction'),
    defaultErrnoRet: numberOf(profile.defaultErrnoRet, 'defaultErrnoRet'),
    architectures,
    archMap,
    flags: stringsOf(profile.flags, 'flags'),
    rules: listOf(profile.syscalls, 'syscalls').map(parseRule),
  };
}

function parseRule(value: unknown): ProfileRule {
  const rule = objectOf(value, 'a rule');
  const names = stringsOf(rule.names, 'names');
  // The oldest profiles have one name a rule.
  const single = rule.name === undefined || rule.name === '' ? [] : [stringOf(rule.name, 'name')];
  if (names.length > 0 && single.length > 0) throw invalid("use either 'name' or 'names'");
  const args = listOf(rule.args, 'args').map(parseArgument);
  return {
    names: [...names, ...single],
    action: stringOf(rule.action, 'action'),
    ...(typeof rule.errnoRet === 'number' ? { errnoRet: rule.errnoRet } : {}),
    ...(args.length > 0 ? { args } : {}),
    includes: parseFilter(rule.includes),
    excludes: parseFilter(rule.excludes),
  };
}

function parseArgument(value: unknown): SeccompArgument {
  const argument = objectOf(value, 'args');
  return {
    index: numberOf(argument.index, 'args.index') ?? 0,
    value: numberOf(argument.value, 'args.value') ?? 0,
    valueTwo: numberOf(argument.valueTwo, 'args.valueTwo') ?? 0,
    op: stringOf(argument.op, 'args.op'),
  };
}

function parseFilter(value: unknown): RuleFilter {
  if (value === undefined || value === null) return { caps: [], arches: [] };
  const filter = objectOf(value, 'includes/excludes');
  const minKernel = filter.minKernel === undefined ? undefined : stringOf(filter.minKernel, 'minKernel');
  return {
    caps: stringsOf(filter.caps, 'caps'),
    arches: stringsOf(filter.arches, 'arches'),
    minKernel: minKernel === undefined ? undefined : (parseKernelVersion(minKernel) ?? failKernel(minKernel)),
  };
}

function failKernel(text: string): never {
  throw invalid(`minKernel '${text}' is no kernel version`);
}

function invalid(why: string): WharfError {
  return new WharfError('container.config-invalid', `Decoding seccomp profile failed: ${why}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw invalid(`${what} must be an object`);
  return value;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${what} must be a list`);
  return value;
}

function stringOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw invalid(`${what} must be a text`);
  return value;
}

function stringsOf(value: unknown, what: string): readonly string[] {
  return listOf(value, what).map((entry) => stringOf(entry, what));
}

function numberOf(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw invalid(`${what} must be a number`);
  return value;
}
