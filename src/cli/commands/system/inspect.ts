import type { EngineClient } from '../../../client/engine-client.ts';
import { isWharfError, WharfError } from '../../../contract/errors.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { inspectEach, inspectFlags } from '../../inspect-each.ts';

type Lookup = (engine: EngineClient, name: string, size: boolean, signal: AbortSignal) => Promise<unknown>;

/** In the order docker tries them. */
const kinds: Readonly<Record<string, Lookup>> = {
  container: (engine, id, size, signal) =>
    engine.call('ContainerInspect', { params: { id }, query: { size: size ? true : undefined }, signal }),
  image: (engine, name, _size, signal) => engine.call('ImageInspect', { params: { name }, signal }),
  network: (engine, id, _size, signal) => engine.call('NetworkInspect', { params: { id }, signal }),
  volume: (engine, name, _size, signal) => engine.call('VolumeInspect', { params: { name }, signal }),
};

export const command = defineCommand({
  path: ['inspect'],
  summary: 'Show everything about containers, images, networks or volumes',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  flags: {
    ...inspectFlags,
    size: { type: 'bool', short: 's', help: 'Show sizes on disk of containers' },
    type: { type: 'string', help: 'Look only among these: container, image, network or volume' },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const { flags } = ctx;
    const wanted = flags.type === undefined || flags.type === '' ? Object.keys(kinds) : [flags.type];
    if (wanted.some((kind) => !Object.hasOwn(kinds, kind))) {
      throw new UsageError(
        `unknown type: ${JSON.stringify(flags.type)}: must be one of ${JSON.stringify(Object.keys(kinds))}`,
        { exitCode: 1 },
      );
    }
    const engine = await ctx.engine();
    return inspectEach(ctx, flags.format, async (name) => {
      for (const kind of wanted) {
        try {
          return await kinds[kind]?.(engine, name, flags.size, ctx.signal);
        } catch (error) {
          // A name that no image may have is not there among images either.
          const isMissing = isWharfError(error) && (error.status === 404 || error.status === 400);
          if (!isMissing || wanted.length === 1) throw error;
        }
      }
      throw new WharfError('request.not-found', `no such object: ${name}`, {
        hint: 'List containers with `wharf ps -a`, images with `wharf images`.',
      });
    });
  },
});
