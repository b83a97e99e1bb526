import type { EngineClient } from '../../../client/engine-client.ts';
import { isWharfError } from '../../../contract/errors.ts';
import { type CommandContext, defineCommand } from '../../command.ts';
import { type Row, renderList } from '../../format/list-view.ts';
import { emptyStatsRow, statsRow, statsView } from '../../views/stats-view.ts';

const redrawMs = 500;
const flags = {
  all: { type: 'bool', short: 'a', help: 'Show stopped containers too' },
  format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
  'no-stream': { type: 'bool', help: 'Print one reading and end' },
  'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
} as const;

export const command = defineCommand({
  path: ['container', 'stats'],
  aliases: [['stats']],
  summary: 'Show what containers use of CPU, memory, network and disk',
  usage: '[OPTIONS] [CONTAINER...]',
  flags,
  args: { min: 0 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    const board = new Board(ctx, engine);
    if (ctx.flags['no-stream']) {
      await board.readOnce(ctx.args.length > 0 ? ctx.args : await listed(ctx, engine));
      await ctx.terminal.out(board.text());
      return board.failed ? 1 : 0;
    }
    await board.live(ctx.args);
    return board.failed ? 1 : 0;
  },
});

type StatsContext = CommandContext<typeof flags>;

async function listed(ctx: StatsContext, engine: EngineClient): Promise<string[]> {
  const query = { all: ctx.flags.all ? true : undefined };
  return (await engine.call('ContainerList', { query, signal: ctx.signal })).map(({ Id }) => Id);
}

/** The table of readings, one line a container, in the order they were met. */
class Board {
  readonly #ctx: StatsContext;
  readonly #engine: EngineClient;
  readonly #rows = new Map<string, Row>();
  readonly #watched = new Set<string>();
  failed = false;

  constructor(ctx: StatsContext, engine: EngineClient) {
    this.#ctx = ctx;
    this.#engine = engine;
  }

  text(): string {
    return renderList([...this.#rows.values()], statsView, { format: this.#ctx.flags.format });
  }

  async readOnce(targets: readonly string[]): Promise<void> {
    for (const target of targets) this.#place(target);
    await Promise.all(
      targets.map((target) =>
        this.#guard(target, async () => {
          const readings = this.#engine.jsonStream('ContainerStats', {
            params: { id: target },
            query: { stream: false },
            signal: this.#ctx.signal,
          });
          for await (const reading of readings) this.#rows.set(target, statsRow(target, reading, this.#truncate));
        }),
      ),
    );
  }

  /** Redraws until interrupted; with no containers named, follows those that come and go. */
  async live(targets: readonly string[]): Promise<void> {
    const { signal, terminal } = this.#ctx;
    const named = targets.length > 0;
    const first = named ? targets : await listed(this.#ctx, this.#engine);
    const watches = first.map((target) => this.#watch(target));
    const events = named ? undefined : this.#followContainers();
    events?.catch(() => undefined);
    const ended = named ? Promise.allSettled(watches).then(() => true) : new Promise<boolean>(() => undefined);
    for (;;) {
      const done = await Promise.race([
        ended,
        pause(redrawMs, signal).then(() => false),
        ...(events === undefined ? [] : [events.then(() => true)]),
      ]);
      const clear = terminal.stdoutIsTty ? '\u001b[H\u001b[J' : '';
      await terminal.out(`${clear}${this.text()}`);
      if (done || (named && this.#rows.size === 0)) return;
    }
  }

  get #truncate(): boolean {
    return !this.#ctx.flags['no-trunc'];
  }

  #place(target: string, name = ''): void {
    this.#rows.set(target, emptyStatsRow(target, target, name, this.#truncate));
  }

  async #watch(target: string): Promise<void> {
    if (this.#watched.has(target)) return;
    this.#watched.add(target);
    this.#place(target);
    await this.#guard(target, async () => {
      const readings = this.#engine.jsonStream('ContainerStats', {
        params: { id: target },
        query: { stream: true },
        signal: this.#ctx.signal,
      });
      for await (const reading of readings) this.#rows.set(target, statsRow(target, reading, this.#truncate));
    });
    this.#watched.delete(target);
    if (!this.#ctx.flags.all) this.#rows.delete(target);
  }

  async #followContainers(): Promise<void> {
    const query = { filters: { type: ['container'], event: ['start', 'die', 'destroy'] } };
    for await (const event of this.#engine.jsonStream('SystemEvents', { query, signal: this.#ctx.signal })) {
      if (event.Action === 'start') void this.#watch(event.Actor.ID);
      else if (event.Action === 'destroy' || !this.#ctx.flags.all) this.#rows.delete(event.Actor.ID);
    }
  }

  /** A container that is gone loses its line; one that was named is reported as well. */
  async #guard(target: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (this.#ctx.signal.aborted) return;
      this.#rows.delete(target);
      if (!isWharfError(error) || error.status !== 404 || this.#ctx.args.includes(target)) {
        this.failed = true;
        await this.#ctx.report(error);
      }
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
