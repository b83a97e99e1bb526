/** Those who work on an engine that is killed again and again. */
import { setTimeout as delay } from 'node:timers/promises';
import { isWharfError } from '../../src/contract/errors.ts';
import type { EngineWorld } from '../engine-world.ts';
import type { Ledger } from './ledger.ts';
import { randomOf } from './random.ts';
import type { Work, WorkScope } from './works.ts';

export interface ClientsGiven {
  readonly world: EngineWorld;
  readonly ledger: Ledger;
  /** A file, for works that load. */
  readonly archive: string;
  readonly seed: number;
  readonly works: readonly Work[];
  /** Called for each work whose answer was cut, before the client's next. */
  readonly clearUp: Work;
  /** What goes wrong is added here. */
  readonly findings: string[];
}

/** Works one after the other, each client for itself, whatever becomes of the engine meanwhile. */
export class Clients {
  done = 0;
  readonly #given: ClientsGiven;
  #stopped = false;
  #running: readonly Promise<void>[] = [];

  constructor(given: ClientsGiven) {
    this.#given = given;
  }

  start(count: number): void {
    this.#running = Array.from({ length: count }, (_, at) => this.#work(at));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #work(client: number): Promise<void> {
    const { world, ledger, archive, works, findings, clearUp } = this.#given;
    const random = randomOf(this.#given.seed * 1000 + client);
    /** Works whose answer was cut. */
    const inDoubt: WorkScope[] = [];
    for (let turn = 0; !this.#stopped; turn++) {
      const work = works[Math.floor(random() * works.length)];
      const finding = (text: string) => void findings.push(text);
      const scope: WorkScope = { world, ledger, archive, random, finding, client, name: `w${client}-${turn}` };
      try {
        for (const left of inDoubt.splice(0)) await clearUp(left);
        await work?.(scope);
        this.done++;
      } catch (error) {
        inDoubt.push(scope);
        if (!explained(error)) finding(`${work?.name}: ${String(error)}`);
        await delay(20);
      }
    }
  }
}

/** What a killed daemon explains, or another client who works on the same image; anything else is a finding. */
function explained(error: unknown): boolean {
  if (!isWharfError(error)) return true;
  const { status, code } = error;
  return status === undefined || [404, 409].includes(status) || /^(engine|transport|daemon)\./.test(code);
}
