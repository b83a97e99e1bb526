import path from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { WharfError } from '../contract/errors.ts';
import { readIfThere, writeAtomic } from './atomic-file.ts';

const Context = Type.Object({
  host: Type.String(),
  description: Type.Optional(Type.String()),
  /** Folder with ca.pem, cert.pem and key.pem. */
  tlsFolder: Type.Optional(Type.String()),
});
const Contexts = Type.Object({ current: Type.String(), contexts: Type.Record(Type.String(), Context) });

/** Named engines of this user. `default` is the local socket and is always there, without an entry. */
export type Contexts = Static<typeof Contexts>;
export type EngineContext = Static<typeof Context>;

const file = (home: string) => path.join(home, 'contexts.json');

/** @throws WharfError 'request.invalid' when the file is there but can not be read as contexts */
export async function readContexts(home: string): Promise<Contexts> {
  const text = await readIfThere(file(home));
  if (text === undefined) return { current: 'default', contexts: {} };
  try {
    return Value.Parse(Contexts, JSON.parse(text));
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
