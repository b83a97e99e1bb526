import { defaultEngineHost } from '../../machine/default-engine-host.ts';
import { UsageError } from '../argv/usage-error.ts';
import { type ConfigHome, isRecord } from './config-home.ts';

/**
 * Named engine addresses, in the file that `machine/contexts.ts` reads for the desktop app:
 *
 *     contexts.json   {"current": "lab", "contexts": {"lab": {"host": "tcp://lab:2375", "description": "the lab"}}}
 *
 * Read here a second time, synchronously: every command starts with it, and the other reader's imports cost 6 ms.
 * `default` always exists and is the address of the engine on this machine.
 */
export interface EngineContext {
  readonly name: string;
  readonly host: string;
  readonly description: string;
  readonly tlsFolder?: string;
}

const fileName = 'contexts.json';
const builtIn: EngineContext = {
  name: 'default',
  host: defaultEngineHost(),
  description: 'The engine on this machine',
};

export interface ContextState {
  readonly current: string;
  readonly contexts: readonly EngineContext[];
}

export function readContexts(home: ConfigHome): ContextState {
  const file = home.readJson(fileName) ?? {};
  const stored = isRecord(file.contexts) ? file.contexts : {};
  const contexts = Object.entries(stored).flatMap(([name, entry]): EngineContext[] => {
    if (!isRecord(entry) || typeof entry.host !== 'string') return [];
    const tls = entry.tlsFolder;
    const description = typeof entry.description === 'string' ? entry.description : '';
    return [{ name, host: entry.host, description, ...(typeof tls === 'string' ? { tlsFolder: tls } : {}) }];
  });
  const current = typeof file.current === 'string' && file.current !== '' ? file.current : builtIn.name;
  const named = contexts.filter((context) => context.name !== builtIn.name).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { current, contexts: [builtIn, ...named] };
}

export function writeContexts(home: ConfigHome, state: ContextState): void {
  const stored = state.contexts.filter((context) => context.name !== builtIn.name);
  const entries = stored.map(({ name, ...context }) => [name, context] as const);
  home.writeJson(fileName, { current: state.current, contexts: Object.fromEntries(entries) });
}

/** @throws UsageError when there is no such context */
export function findContext(state: ContextState, name: string): EngineContext {
  const found = state.contexts.find((context) => context.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`context ${JSON.stringify(name)} does not exist`, {
    exitCode: 1,
    hint: 'List contexts with `wharf context ls`.',
  });
}
