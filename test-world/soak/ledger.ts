/**
 * What the engine has said yes to, and whether it kept its word after a crash. While a request is under way the thing it is
 * about is in doubt: either outcome is right then. Once answered it must be as the answer said.
 */
import type { EngineWorld } from '../engine-world.ts';

export type Kind = 'container' | 'image' | 'network' | 'volume';
/** `there` without more; for containers also the state that was answered for: `running`, `exited 7`. */
type Fate = 'doubtful' | 'gone' | 'there' | `running` | `exited ${number}` | 'created';

export class Ledger {
  readonly #fates = new Map<string, Fate>();

  /** Does `work`, a request about the thing, and notes what is so once it was answered. */
  async request<T>(kind: Kind, name: string, answered: Fate, work: () => Promise<T>): Promise<T> {
    const key = `${kind} ${name}`;
    this.#fates.set(key, 'doubtful');
    const result = await work();
    this.#fates.set(key, answered);
    return result;
  }

  /** Names that are there by an answer. */
  kept(kind: Kind): readonly string[] {
    return [...this.#fates].flatMap(([key, fate]) =>
      key.startsWith(`${kind} `) && fate !== 'gone' && fate !== 'doubtful' ? [key.slice(kind.length + 1)] : [],
    );
  }

  /** One line for each broken promise. Nothing may be under way when this is called, except what is in doubt. */
  async broken(world: EngineWorld): Promise<readonly string[]> {
    const before = new Map(this.#fates);
    const there = await readAll(world);
    const findings: string[] = [];
    for (const [key, fate] of before) {
      // Somebody went on working meanwhile.
      if (fate === 'doubtful' || this.#fates.get(key) !== fate) continue;
      const state = there.get(key);
      if (fate === 'gone' ? state !== undefined : state === undefined)
        findings.push(`${key}: ${fate} was answered, now it is ${state ?? 'gone'}`);
      else if (fate !== 'gone' && fate !== 'there' && state !== fate)
        findings.push(`${key}: ${fate} was answered, now it is ${state}`);
    }
    return findings;
  }
}

async function readAll({ engine }: EngineWorld): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { Names, Id } of await engine.call('ContainerList', { query: { all: true } })) {
    const inspected = await engine.call('ContainerInspect', { params: { id: Id } }).catch(() => undefined);
    if (inspected === undefined) continue;
    const { Status, ExitCode } = inspected.State;
    for (const name of Names)
      found.set(`container ${name.slice(1)}`, Status === 'exited' ? `exited ${ExitCode}` : Status);
  }
  for (const { RepoTags } of await engine.call('ImageList', {}))
    for (const name of RepoTags ?? []) found.set(`image ${name}`, 'there');
  for (const { Name } of await engine.call('NetworkList', {})) found.set(`network ${Name}`, 'there');
  for (const { Name } of (await engine.call('VolumeList', {})).Volumes ?? []) found.set(`volume ${Name}`, 'there');
  return found;
}
