/**
 * Platforms of images, and which of an index's manifests a machine should run.
 * Normalising and match order follow containerd's `platforms` package: an amd64 machine also takes 386, an arm64 one also
 * takes arm v8 down to v5, and every variant takes the lower ones of its architecture.
 */
import { type JsonObject, optionalString, stringList } from './json-fields.ts';
import { OciFormatError } from './oci-format-error.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const knownSystems: ReadonlySet<string> = new Set([
  'aix',
  'android',
  'darwin',
  'dragonfly',
  'freebsd',
  'illumos',
  'ios',
  'js',
  'linux',
  'netbsd',
  'openbsd',
  'plan9',
  'solaris',
  'wasip1',
  'windows',
]);
const knownArchitectures: ReadonlySet<string> = new Set([
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips',
  'mips64',
  'mips64le',
  'mipsle',
  'ppc64',
  'ppc64le',
  'riscv64',
  's390x',
  'wasm',
]);

/** Puts aliases into their usual form: `x86_64` is amd64, `aarch64` is arm64, `arm` is arm/v7. */
export function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const { architecture, variant } = normaliseArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? '').toLowerCase(),
  );
  const version = platform['os.version'];
  const features = platform['os.features'];
  return {
    os: os === 'macos' ? 'darwin' : os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(version === undefined || version === '' ? {} : { 'os.version': version }),
    ...(features === undefined || features.length === 0 ? {} : { 'os.features': features }),
  };
}

function normaliseArchitecture(architecture: string, variant: string): { architecture: string; variant: string } {
  switch (architecture) {
    case 'i386':
      return { architecture: '386', variant: '' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return { architecture: 'amd64', variant: variant === 'v1' ? '' : variant };
    case 'aarch64':
    case 'arm64':
      return {
        architecture: 'arm64',
        variant: variant === '8' || variant === 'v8' || variant === 'v8.0' ? '' : variant,
      };
    case 'armhf':
      return { architecture: 'arm', variant: 'v7' };
    case 'armel':
      return { architecture: 'arm', variant: 'v6' };
    case 'arm':
      return {
        architecture: 'arm',
        variant: variant === '' ? 'v7' : /^[5-8]$/.test(variant) ? `v${variant}` : variant,
      };
    default:
      return { architecture, variant };
  }
}

/**
 * Reads `linux`, `arm64`, `linux/arm64` or `linux/arm64/v8`; what is left out comes from `host`.
 * @throws OciFormatError 'request.invalid' with containerd's text
 */
export function parsePlatform(text: string, host: Platform): Platform {
  const parts = text.split('/');
  if (parts.length > 3) throw badSpecifier(`${quoted(text)}: cannot parse platform specifier: invalid argument`);
  for (const [at, part] of parts.entries())
    if (!/^[A-Za-z0-9_.-]+$/.test(part))
      throw badSpecifier(
        at === 0
          ? `${quoted(part)} is an invalid OS component of ${quoted(text)}: invalid argument`
          : `${quoted(part)} is an invalid component of ${quoted(text)}: invalid argument`,
      );
  const [first = '', second, third] = parts;
  if (second !== undefined) {
    return normalisePlatform({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
  }
  const asSystem = normalisePlatform({ os: first, architecture: host.architecture, variant: host.variant });
  if (knownSystems.has(asSystem.os)) return asSystem;
  const asArchitecture = normalisePlatform({ os: host.os, architecture: first });
  if (knownArchitectures.has(asArchitecture.architecture)) return asArchitecture;
  throw invalid(text);
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 200));

function invalid(text: string): OciFormatError {
  return badSpecifier(`${quoted(text)}: unknown operating system or architecture: invalid argument`);
}

function badSpecifier(message: string): OciFormatError {
  return new OciFormatError(
    'request.invalid',
    message,
    'A platform looks like os/architecture[/variant], for example linux/amd64 or linux/arm64/v8.',
  );
}

/** `linux/arm64/v8`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined || variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The platform of a machine by Node's names (`process.platform`, `process.arch`); containers are Linux everywhere. */
export function linuxPlatform(nodeArch: string): Platform {
  const names: Readonly<Record<string, string>> = {
    x64: 'amd64',
    ia32: '386',
    arm64: 'arm64',
    arm: 'arm',
    loong64: 'loong64',
  };
  return normalisePlatform({ os: 'linux', architecture: names[nodeArch] ?? nodeArch });
}

export function platformFromJson(json: JsonObject, where: string): Platform {
  const variant = optionalString(json, 'variant', where);
  const version = optionalString(json, 'os.version', where);
  const features = stringList(json, 'os.features', where, 64);
  return {
    os: optionalString(json, 'os', where) ?? '',
    architecture: optionalString(json, 'architecture', where) ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
  };
}

/** What a machine of this platform can run, best first. */
export function compatiblePlatforms(platform: Platform): readonly Platform[] {
  const { os, architecture, variant } = normalisePlatform(platform);
  const of = (arch: string, level?: string): Platform =>
    normalisePlatform({ os, architecture: arch, ...(level === undefined ? {} : { variant: level }) });
  const downFrom = (arch: string, from: number, to: number): Platform[] =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, step) => of(arch, `v${from - step}`));
  const level = Number.parseInt(/^v(\d+)/.exec(variant ?? '')?.[1] ?? '0', 10);
  switch (architecture) {
    case 'amd64':
      return [...downFrom('amd64', level, 2), of('amd64'), of('386')];
    case 'arm':
      return level >= 5 && level <= 8 ? downFrom('arm', level, 5) : [of('arm', variant)];
    case 'arm64':
      return [
        ...(variant === undefined ? [] : [of('arm64', variant)]),
        ...arm64Below(level, of),
        ...downFrom('arm', 8, 5),
      ];
    default:
      return [of(architecture, variant)];
  }
}

function arm64Below(level: number, of: (arch: string, level?: string) => Platform): Platform[] {
  return level >= 9 ? [of('arm64', 'v9'), of('arm64')] : [of('arm64')];
}

/** Whether a machine of the platform `wanted` can run what was made for `actual`. */
export function runsOn(wanted: Platform, actual: Platform): boolean {
  return compatiblePlatforms(wanted).some((candidate) => samePlatform(candidate, actual));
}

export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalisePlatform(a)) === formatPlatform(normalisePlatform(b));
}

/**
 * The entry a machine of `wanted` should run, by the match order above; the first one wins among equals. Entries without a
 * platform count only when no entry has one. Attestations (`unknown/unknown`) never match.
 */
export function choosePlatform<T extends { readonly platform?: Platform }>(
  entries: readonly T[],
  wanted: Platform,
): T | undefined {
  for (const candidate of compatiblePlatforms(wanted)) {
    const match = entries.find((entry) => entry.platform !== undefined && samePlatform(entry.platform, candidate));
    if (match !== undefined) return match;
  }
  return entries.every((entry) => entry.platform === undefined) ? entries[0] : undefined;
}
