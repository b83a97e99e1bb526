import { UsageError } from '../argv/usage-error.ts';
import type { ConfigHome } from '../settings/config-home.ts';
import { findContext, readContexts } from '../settings/contexts.ts';

export interface EngineChoice {
  /** `-H`. */
  readonly host?: string | undefined;
  /** `--context`. */
  readonly context?: string | undefined;
}

/**
 * Which engine to talk to: -H, then --context, then $WHARF_HOST, then $WHARF_CONTEXT, then the current context, which is
 * the engine of this machine unless told otherwise.
 */
export function chooseEngine(
  choice: EngineChoice,
  env: Readonly<Record<string, string | undefined>>,
  home: ConfigHome,
): { readonly host: string; readonly context: string; readonly tlsFolder?: string | undefined } {
  if (choice.host !== undefined && choice.context !== undefined) {
    throw new UsageError('conflicting options: either specify --host or --context, not both', { exitCode: 1 });
  }
  if (choice.host !== undefined) return { host: completeHost(choice.host), context: 'default' };
  const fromEnv = choice.context === undefined ? nonEmpty(env.WHARF_HOST) : undefined;
  if (fromEnv !== undefined) return { host: completeHost(fromEnv), context: 'default' };
  const state = readContexts(home);
  const context = findContext(state, choice.context ?? nonEmpty(env.WHARF_CONTEXT) ?? state.current);
  return { host: completeHost(context.host), context: context.name, tlsFolder: context.tlsFolder };
}

/** `localhost:2375` means TCP, `/run/x.sock` a socket; the rest must name what it is. */
export function completeHost(host: string): string {
  if (/^(unix|tcp|http|https|npipe):\/\//.test(host)) return host;
  if (host.startsWith('/')) return `unix://${host}`;
  if (/^[\w.-]*:\d+$|^\[[0-9a-f:]+\]:\d+$/i.test(host))
    return `tcp://${host.startsWith(':') ? `localhost${host}` : host}`;
  throw new UsageError(`unable to parse engine host ${JSON.stringify(host)}`, {
    exitCode: 1,
    hint: 'Hosts look like unix:///run/wharf/wharf.sock or tcp://127.0.0.1:2375.',
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
