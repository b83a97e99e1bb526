import type { EngineClient } from '../../client/engine-client.ts';
import { familiarName, parseReference, type Reference } from '../../oci/reference.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { registryAuthHeader } from '../credentials/registry-auth.ts';
import { type ProgressOptions, showProgress } from './progress-display.ts';

export interface PullOptions {
  readonly platform?: string | undefined;
  readonly allTags?: boolean;
  readonly allPlatforms?: boolean;
  /** Undefined: nothing is shown. */
  readonly progress: ProgressOptions | undefined;
}

/** Pulls through the engine, with this user's credentials for the registry. Ends the pull when the signal aborts. */
export async function pullImage<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
  reference: Reference,
  options: PullOptions,
): Promise<void> {
  const tag = options.allTags === true ? undefined : (reference.digest ?? reference.tag);
  const messages = engine.jsonStream('ImageCreate', {
    query: {
      fromImage: familiarName(reference),
      tag,
      platform: options.platform,
      'all-platforms': options.allPlatforms === true ? true : undefined,
    },
    headers: await registryAuthHeader(ctx, reference.domain),
    signal: ctx.signal,
  });
  const quiet: ProgressOptions = { redraw: false, columns: 80, write: async () => undefined };
  await showProgress(messages, options.progress ?? quiet);
}

/** The image a user named, `latest` when neither tag nor digest is there. */
export function wantedImage(text: string): Reference {
  return parseReference(text);
}
