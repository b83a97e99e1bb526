import { existsSync, writeFileSync } from 'node:fs';
import type { EngineClient } from '../../client/engine-client.ts';
import type { ContainerCreateRequest } from '../../contract/engine-types.ts';
import { isWharfError } from '../../contract/errors.ts';
import { familiar, parseReference } from '../../oci/reference.ts';
import { UsageError } from '../argv/usage-error.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { progressTo } from '../pull/progress-display.ts';
import { pullImage } from '../pull/pull-image.ts';

export interface CreateOptions {
  readonly body: ContainerCreateRequest;
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  readonly pull: 'always' | 'missing' | 'never';
  readonly quiet: boolean;
  readonly cidfile?: string | undefined;
}

/** docker's default is to pull what is missing. */
export function pullPolicy(flag: string | undefined): CreateOptions['pull'] {
  return flag === 'always' || flag === 'never' ? flag : 'missing';
}

/** Creates a container, pulling its image when it is not there, and returns its ID. Warnings go to stderr. */
export async function createContainer<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
  options: CreateOptions,
): Promise<string> {
  if (options.cidfile !== undefined && existsSync(options.cidfile)) {
    throw new UsageError(
      `container ID file found, make sure the other container isn't running or delete ${options.cidfile}`,
      {
        exitCode: 125,
      },
    );
  }
  if (options.pull === 'always') await pullFor(ctx, engine, options);
  const query = { name: options.name, platform: options.platform };
  const create = () => engine.call('ContainerCreate', { query, body: options.body, signal: ctx.signal });
  const created = await create().catch(async (error: unknown) => {
    if (options.pull !== 'missing' || !isMissingImage(error) || isImageId(options.body.Image ?? '')) throw error;
    await ctx.terminal.err(`Unable to find image '${familiar(parseReference(options.body.Image ?? ''))}' locally\n`);
    await pullFor(ctx, engine, options);
    return create();
  });
  for (const warning of created.Warnings ?? []) await ctx.terminal.err(`WARNING: ${warning}\n`);
  if (options.cidfile !== undefined) writeFileSync(options.cidfile, created.Id, { mode: 0o644 });
  return created.Id;
}

async function pullFor<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
  options: CreateOptions,
): Promise<void> {
  await pullImage(ctx, engine, parseReference(options.body.Image ?? ''), {
    platform: options.platform,
    progress: options.quiet ? undefined : progressTo(ctx.terminal, 'stderr'),
  });
}

/** Wharf says `image.not-found`; other engines only answer 404, which create gives for nothing else. */
function isMissingImage(error: unknown): boolean {
  return isWharfError(error, 'image.not-found') || isWharfError(error, 'request.not-found');
}

function isImageId(name: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(name);
}
