import type { EngineClient } from '../../../client/engine-client.ts';
import type { ProgressMessage } from '../../../contract/engine-types.ts';
import { parseValue } from '../../../contract/parse.ts';
import { VerifySummary } from '../../../contract/types/image-store.ts';
import { parseNamed } from '../../../oci/reference.ts';
import { type CommandContext, defineCommand, type FlagTable } from '../../command.ts';
import { registryConfigHeader } from '../../credentials/registry-config.ts';
import { humanSize } from '../../format/sizes.ts';
import { progressTo, showProgress } from '../../pull/progress-display.ts';

export const command = defineCommand({
  path: ['image', 'verify'],
  summary: 'Check that images are whole, and repair them',
  usage: '[OPTIONS] [IMAGE...]',
  description:
    'Hashes every blob again and compares every unpacked layer with what its blob unpacks to. Without a name all images are checked. Exits with 1 when something is damaged or missing and was not repaired.',
  flags: {
    'blobs-only': { type: 'bool', help: 'Leave unpacked layers alone, which take most of the time' },
    format: { type: 'string', help: "Output: 'json' for the findings as one document" },
    quiet: { type: 'bool', short: 'q', help: 'Only print what is wrong' },
    repair: { type: 'bool', help: 'Fetch damaged and missing blobs again, and unpack damaged layers anew' },
  },
  args: { min: 0 },
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const engine = await ctx.engine();
    const messages = engine.jsonStream('ImageVerify', {
      query: { names: [...ctx.args], repair: flags.repair, 'blobs-only': flags['blobs-only'] },
      headers: flags.repair ? await registryConfigHeader(ctx, await domainsOf(ctx, engine)) : {},
      signal: ctx.signal,
    });
    let summary: VerifySummary | undefined;
    const watched = async function* (): AsyncGenerator<ProgressMessage> {
      for await (const message of messages) {
        const aux = message.aux;
        if (typeof aux === 'object' && aux !== null && 'Findings' in aux) summary = parseValue(VerifySummary, aux);
        if (aux === undefined) yield message;
      }
    };
    const silent = { redraw: false, columns: 80, write: async () => undefined };
    const isPlain = flags.quiet || flags.format !== undefined || !terminal.stdoutIsTty;
    await showProgress(watched(), isPlain ? silent : progressTo(terminal, 'stdout'));
    if (summary === undefined) throw new Error('the engine ended before its summary');
    await terminal.out(
      flags.format === 'json' ? `${JSON.stringify(summary, undefined, 4)}\n` : textOf(summary, flags.quiet),
    );
    return summary.Findings.every(({ Repaired }) => Repaired) ? 0 : 1;
  },
});

/** Registries repairs may come from. */
async function domainsOf<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
): Promise<readonly string[]> {
  const images = await engine.call('ImageList', { signal: ctx.signal });
  return images
    .flatMap(({ RepoDigests, RepoTags }) => [...RepoDigests, ...RepoTags])
    .map((name) => parseNamed(name).domain);
}

function textOf({ Blobs, Layers, Bytes, Findings }: VerifySummary, quiet: boolean): string {
  const lines = Findings.map(
    ({ Image, Kind, Digest, Problem, Detail, Repaired, Reason }) =>
      `${Image}: ${Kind} ${Digest} is ${words[Problem]}: ${Detail}${Repaired ? ' (repaired)' : ''}${
        Reason === undefined || Reason === Detail || Reason === notAsked ? '' : ` (not repaired: ${Reason})`
      }`,
  );
  if (quiet) return lines.map((line) => `${line}\n`).join('');
  const left = Findings.filter(({ Repaired }) => !Repaired).length;
  const found =
    Findings.length === 0
      ? 'nothing damaged, nothing missing'
      : `${Findings.length} found, ${Findings.length - left} repaired, ${left} left`;
  lines.push(`Checked ${Blobs} blobs (${humanSize(Bytes, 3)}) and ${Layers} unpacked layers: ${found}`);
  if (left > 0 && Findings.some(({ Reason }) => Reason === notAsked))
    lines.push('Run `wharf image verify --repair` to repair what can be.');
  return lines.map((line) => `${line}\n`).join('');
}

const words = { missing: 'missing', damaged: 'damaged', unchecked: 'not checked' } as const;
/** The engine's reason where no repair was asked for. */
const notAsked = 'it was not asked for';
