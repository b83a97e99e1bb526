import type { FlagSpec, FlagTable, FlagValues } from '../command.ts';
import { parseFlagValue } from './flag-values.ts';
import { nearest } from './nearest.ts';
import { UsageError } from './usage-error.ts';

export interface ParsedArgv<T extends FlagTable> {
  readonly flags: FlagValues<T>;
  readonly given: ReadonlySet<string>;
  readonly args: readonly string[];
  readonly help: boolean;
}

export interface ParseOptions {
  /** Flags end at the first argument. */
  readonly flagsFirst?: boolean;
}

/**
 * Parses one command's words the way docker's flag library does: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-n=value`, combined switches (`-it`), `--` ending the flags. A switch takes a value only after `=`.
 * @throws UsageError with exit code 125
 */
export function parseFlags<const T extends FlagTable>(
  table: T,
  argv: readonly string[],
  options: ParseOptions = {},
): ParsedArgv<T> {
  const reader = new FlagReader(table);
  const args: string[] = [];
  let rest = [...argv];
  while (rest.length > 0) {
    const [word = '', ...after] = rest;
    if (word === '--') {
      args.push(...after);
      break;
    }
    if (word.startsWith('--')) {
      rest = reader.readLong(word.slice(2), after);
    } else if (word.startsWith('-') && word.length > 1) {
      rest = reader.readShorts(word.slice(1), after);
    } else if (options.flagsFirst === true) {
      args.push(word, ...after);
      break;
    } else {
      args.push(word);
      rest = after;
    }
  }
  // The reader holds exactly one value of the right kind for each key of the table: see initialValue and store.
  return { flags: reader.values as FlagValues<T>, given: reader.given, args, help: reader.help };
}

/** Collects flag values; a parser's state, so its values are typed only at its edge. */
class FlagReader {
  readonly values: Record<string, boolean | string | number | string[] | undefined> = {};
  readonly given = new Set<string>();
  help = false;
  readonly #table: FlagTable;

  constructor(table: FlagTable) {
    this.#table = table;
    for (const [name, spec] of Object.entries(table)) this.values[name] = initialValue(spec);
  }

  /** Reads `--word`; returns the words that follow. */
  readLong(word: string, after: readonly string[]): string[] {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const spec = this.#find(name);
    if (spec === undefined) {
      if (name === 'help') {
        this.help = inline !== 'false';
        return [...after];
      }
      const positive = name.startsWith('no-') ? name.slice(3) : '';
      if (inline === undefined && this.#find(positive)?.type === 'bool') {
        this.#store(positive, 'false', `--${name}`);
        return [...after];
      }
      throw unknownFlag(`unknown flag: --${name}`, name, this.#table);
    }
    const label = flagLabel(name, spec);
    if (inline !== undefined) this.#store(name, inline, label);
    else if (spec.type === 'bool') this.#store(name, 'true', label);
    else {
      const [value, ...rest] = after;
      if (value === undefined) throw new UsageError(`flag needs an argument: --${name}`, { exitCode: 125 });
      this.#store(name, value, label);
      return rest;
    }
    return [...after];
  }

  /** Reads the letters of `-abc`; returns the words that follow. */
  readShorts(letters: string, after: readonly string[]): string[] {
    for (let index = 0; index < letters.length; index += 1) {
      const letter = letters[index] ?? '';
      const entry = Object.entries(this.#table).find(([, spec]) => spec.short === letter);
      if (entry === undefined) {
        if (letter === 'h') {
          this.help = true;
          continue;
        }
        throw new UsageError(`unknown shorthand flag: '${letter}' in -${letters.slice(index)}`, { exitCode: 125 });
      }
      const [name, spec] = entry;
      const label = flagLabel(name, spec);
      const tail = letters.slice(index + 1);
      if (tail.startsWith('=')) {
        this.#store(name, tail.slice(1), label);
        return [...after];
      }
      if (spec.type === 'bool') {
        this.#store(name, 'true', label);
        continue;
      }
      if (tail !== '') {
        this.#store(name, tail, label);
        return [...after];
      }
      const [value, ...rest] = after;
      if (value === undefined) {
        throw new UsageError(`flag needs an argument: '${letter}' in -${letters.slice(index)}`, { exitCode: 125 });
      }
      this.#store(name, value, label);
      return rest;
    }
    return [...after];
  }

  #find(name: string): FlagSpec | undefined {
    return Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
  }

  #store(name: string, text: string, label: string): void {
    const spec = this.#find(name);
    if (spec === undefined) return;
    const parsed = parseFlagValue(spec, text);
    if (!parsed.ok) {
      throw new UsageError(`invalid argument ${JSON.stringify(text)} for "${label}" flag: ${parsed.why}`, {
        exitCode: 125,
      });
    }
    this.given.add(name);
    const list = this.values[name];
    if (Array.isArray(list)) {
      list.push(...(spec.type === 'list' && spec.commas === true ? text.split(',') : [text]));
    } else this.values[name] = parsed.value;
  }
}

function initialValue(spec: FlagSpec): boolean | string[] | undefined {
  if (spec.type === 'bool') return spec.initial ?? false;
  return spec.type === 'list' ? [] : undefined;
}

function flagLabel(name: string, spec: FlagSpec): string {
  return spec.short === undefined ? `--${name}` : `-${spec.short}, --${name}`;
}

function unknownFlag(message: string, name: string, table: FlagTable): UsageError {
  const guess = nearest(name, Object.keys(table));
  return new UsageError(message, {
    exitCode: 125,
    ...(guess === undefined ? {} : { hint: `Did you mean --${guess}?` }),
  });
}
