/** `HostConfig.Binds` and `-v`: `source:destination[:mode]`, or a destination alone. Pure. */
import { WharfError } from '../../contract/errors.ts';
import { absoluteFault, cleanPath, destinationFault, propagations, type WantedMount } from './mount-specs.ts';

const groups: readonly ReadonlySet<string>[] = [
  new Set(['ro', 'rw']),
  // SELinux labels; taken and of no effect where there is no SELinux.
  new Set(['z', 'Z']),
  propagations,
  new Set(['nocopy']),
  // Hints for other systems.
  new Set(['cached', 'consistent', 'delegated']),
];

/** Each group's word at most once. */
export function isValidMode(mode: string): boolean {
  if (mode === '') return true;
  const words = mode.split(',');
  return (
    words.every((word) => groups.some((group) => group.has(word))) &&
    groups.every((group) => words.filter((word) => group.has(word)).length <= 1)
  );
}

/**
 * @param driver of named volumes; '' for the default
 * @throws WharfError 'container.config-invalid'; with 500, as dockerd answers
 */
export function parseBind(raw: string, driver: string): WantedMount {
  const { source, target, mode } = splitBind(raw);
  if (!isValidMode(mode)) throw refused(`invalid mode: ${mode}`);
  const words = mode.split(',');
  const propagation = words.find((word) => propagations.has(word));
  const isBind = source.startsWith('/');
  const type = isBind ? 'bind' : 'volume';
  const fault =
    target === ''
      ? 'field Target must not be empty'
      : (destinationFault(target) ?? optionFault(isBind, words, propagation));
  if (fault !== undefined) {
    throw refused(`invalid volume specification: '${raw}': invalid mount config for type "${type}": ${fault}`);
  }
  const destination = cleanPath(target);
  const readOnly = words.includes('ro');
  if (isBind) {
    const bind = { source: cleanPath(source), destination, readOnly, propagation: propagation ?? 'rprivate', mode };
    return { kind: 'ready', mount: { kind: 'bind', ...bind, recursive: true, createSource: true } };
  }
  return {
    kind: 'volume',
    name: source === '' ? undefined : source,
    labels: undefined,
    options: undefined,
    mount: {
      kind: 'volume',
      driver,
      destination,
      readOnly,
      copyContent: !words.includes('nocopy'),
      subpath: '',
      mode,
    },
  };
}

function splitBind(raw: string): { readonly source: string; readonly target: string; readonly mode: string } {
  const parts = raw.split(':');
  const [first = '', second = '', mode = ''] = parts;
  if (first === '' || parts.length > 3) throw invalidSpec(raw);
  if (parts.length === 1) return { source: '', target: first, mode: '' };
  // `/foo:rw`: a mode without a source.
  if (parts.length === 2 && isValidMode(second)) throw invalidSpec(raw);
  return { source: first, target: second, mode };
}

function optionFault(isBind: boolean, words: readonly string[], propagation: string | undefined): string | undefined {
  if (isBind && words.includes('nocopy')) return 'field VolumeOptions must not be specified';
  if (!isBind && propagation !== undefined) return 'field BindOptions must not be specified';
  return undefined;
}

function invalidSpec(raw: string): WharfError {
  return refused(`invalid volume specification: '${raw}'`);
}

function refused(message: string): WharfError {
  return new WharfError('container.config-invalid', message, {
    status: 500,
    hint: 'Give source:destination[:mode], with a path or the name of a volume as source.',
  });
}

/** `container[:mode]` of --volumes-from. @throws WharfError 'container.config-invalid' */
export function parseVolumesFrom(spec: string): { readonly ref: string; readonly readOnly: boolean } {
  if (spec === '') {
    throw new WharfError('container.config-invalid', 'volumes-from specification cannot be an empty string');
  }
  const at = spec.indexOf(':');
  const ref = at < 0 ? spec : spec.slice(0, at);
  const mode = at < 0 ? '' : spec.slice(at + 1);
  const words = mode.split(',');
  const isForeign = words.includes('nocopy') || words.some((word) => propagations.has(word));
  if (!isValidMode(mode) || isForeign) throw new WharfError('container.config-invalid', `invalid mode: ${mode}`);
  return { ref, readOnly: words.includes('ro') };
}

/** A path of the image's or the config's `Volumes`. @throws WharfError 'container.config-invalid' */
export function anonymousVolume(path: string, driver: string): WantedMount {
  const fault = absoluteFault(path);
  if (fault !== undefined) throw new WharfError('container.config-invalid', fault);
  const mount = { driver, destination: cleanPath(path), readOnly: false, copyContent: true, subpath: '', mode: '' };
  return {
    kind: 'volume',
    mount: { kind: 'volume', ...mount },
    name: undefined,
    labels: undefined,
    options: undefined,
  };
}
