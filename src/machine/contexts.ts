import path from 'node:path';
import { WharfError } from '../contract/errors.ts';
import { readIfThere, writeAtomic } from './atomic-file.ts';

export interface EngineContext {
  /** As -H takes it. */
  readonly host: string;
  readonly description?: string;
  /** Folder with ca.pem, cert.pem and key.pem. */
  readonly tlsFolder?: string;
}

/** Named engines of this user. `default` is the local socket and is always there, without an entry. */
export interface Contexts {
  readonly current: string;
  readonly contexts: Readonly<Record<string, EngineContext>>;
}

const file = (home: string) => path.join(home, 'contexts.json');

/** @throws WharfError 'request.invalid' when the file is there but can not be read as contexts */
export async function readContexts(home: string): Promise<Contexts> {
  const text = await readIfThere(file(home));
  if (text === undefined) return { current: 'default', contexts: {} };
  try {
    return parseContexts(JSON.parse(text));
  } catch (cause) {
    throw new WharfError('request.invalid', `${file(home)} does not hold contexts`, {
      hint: 'Repair the file, or remove it to use the local engine.',
      cause,
    });
  }
}

export async function writeContexts(home: string, contexts: Contexts): Promise<void> {
  await writeAtomic(file(home), `${JSON.stringify(contexts, null, 2)}\n`);
}

// By hand, not with the schema library: every start of the command line program reads this.
function parseContexts(value: unknown): Contexts {
  const { current, contexts } = fields(value);
  if (typeof current !== 'string') throw new TypeError('current is not a name');
  const parsed: Record<string, EngineContext> = {};
  for (const [name, entry] of Object.entries(fields(contexts))) {
    const { host, description, tlsFolder } = fields(entry);
    if (typeof host !== 'string') throw new TypeError(`the host of ${name} is not a text`);
    parsed[name] = { host, description: optionalText(description), tlsFolder: optionalText(tlsFolder) };
  }
  return { current, contexts: parsed };
}

function fields(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return { ...value };
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
