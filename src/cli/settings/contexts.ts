import { UsageError } from '../argv/usage-error.ts';
import { type ConfigHome, isRecord } from './config-home.ts';

/**
 * Named engine addresses, in `$WHARF_HOME/contexts.json`:
 *
 *     {"current": "lab", "contexts": {"lab": {"host": "tcp://lab:2375", "description": "the lab"}}}
 *
 * `default` always exists and is the address of the engine on this machine.
 */
export interface EngineContext {
  readonly name: string;
  readonly host: string;
  readonly description: string;
}

export const defaultEngineHost = 'unix:///run/wharf/wharf.sock';
const fileName = 'contexts.json';
const builtIn: EngineContext = { name: 'default', host: defaultEngineHost, description: 'The engine on this machine' };

export interface ContextState {
  readonly current: string;
  readonly contexts: readonly EngineContext[];
}

export function readContexts(home: ConfigHome): ContextState {
  const file = home.readJson(fileName) ?? {};
  const stored = isRecord(file['contexts']) ? file['contexts'] : {};
  const contexts = Object.entries(stored).flatMap(([name, entry]) => {
    if (!isRecord(entry) || typeof entry['host'] !== 'string') return [];
    return [{ name, host: entry['host'], description: typeof entry['description'] === 'string' ? entry['description'] : '' }];
  });
  const current = typeof file['current'] === 'string' && file['current'] !== '' ? file['current'] : builtIn.name;
  const named = contexts.filter((context) => context.name !== builtIn.name).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { current, contexts: [builtIn, ...named] };
}

export function writeContexts(home: ConfigHome, state: ContextState): void {
  const stored = state.contexts.filter((context) => context.name !== builtIn.name);
  home.writeJson(fileName, {
    current: state.current,
    contexts: Object.fromEntries(stored.map(({ name, host, description }) => [name, { host, description }])),
  });
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
