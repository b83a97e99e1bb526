import { optionError } from './option-error.ts';
import { readTextFile } from './text-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `key=value` texts to a map; a text without `=` gets an empty value. */
export function toMap(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map(splitPair));
}

function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `key=value` texts to a map. @throws UsageError for a text without `=`, in the words of docker's map flags */
export function toStrictMap(texts: readonly string[], flag: string): Record<string, string> {
  const bad = texts.find((text) => !text.includes('='));
  if (bad !== undefined)
    throw optionError(`invalid argument ${JSON.stringify(bad)} for "--${flag}" flag: must be key=value`);
  return toMap(texts);
}

/** Files first, then flags, as docker merges them. A bare name takes this shell's value. */
export function readEnvironment(files: readonly string[], flags: readonly string[], env: Environment): string[] {
  const fromFiles = files.flatMap((file) => parsePairFile(file, env));
  const fromFlags = flags.map((text) => {
    if (text === '' || text.startsWith('=')) throw optionError(`invalid environment variable: ${text}`);
    // A bare name this shell does not have goes to the engine as it is: it takes the image's variable away.
    return text.includes('=') || env[text] === undefined ? text : `${text}=${env[text]}`;
  });
  return [...fromFiles, ...fromFlags];
}

export function readLabels(files: readonly string[], flags: readonly string[]): Record<string, string> {
  const nameless = flags.find((text) => text === '' || text.startsWith('='));
  if (nameless !== undefined) {
    throw optionError(
      `invalid argument ${JSON.stringify(nameless)} for "-l, --label" flag: invalid label '${nameless}': empty name`,
    );
  }
  return toMap([...files.flatMap((file) => parsePairFile(file, undefined)), ...flags]);
}

/** Lines of `name=value`; empty lines and `#` comments are skipped. `env` gives bare names their value. */
function parsePairFile(path: string, env: Environment | undefined): string[] {
  return readTextFile(path)
    .split(/\r?\n/)
    .flatMap((raw) => {
      const line = raw.trimStart();
      if (line === '' || line.startsWith('#')) return [];
      const [name] = splitPair(line);
      if (name === '') throw optionError(`invalid env file (${path}): no variable name on line '${line}'`);
      if (/\s/.test(name)) throw optionError(`invalid env file (${path}): variable '${name}' contains whitespaces`);
      if (line.includes('=') || env === undefined) return [line];
      return env[name] === undefined ? [] : [`${name}=${env[name]}`];
    });
}
