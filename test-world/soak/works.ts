/** What clients do while the engine is killed. Each works on things of its own name, and notes in the ledger what was answered. */
import { readFile } from 'node:fs/promises';
import { isWharfError } from '../../src/contract/errors.ts';
import type { EngineWorld } from '../engine-world.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';

export interface WorkScope {
  readonly world: EngineWorld;
  readonly ledger: Ledger;
  /** Not used by any other work before. */
  readonly name: string;
  /** Who works: works of the same client come one after the other. */
  readonly client: number;
  readonly random: Random;
  /** An archive of `docker save`, for load. */
  readonly archive: string;
  /** Something that is wrong whatever happens to the engine. */
  finding(text: string): void;
}

export type Work = (scope: WorkScope) => Promise<void>;

/** More would only make each round slower. */
const maxKept = 8;
/** Waits without turning: the machine belongs to the works. */
const tellsExit = 'trap "exit 7" TERM; echo up; sleep 100000 & wait';

const drain = async (stream: AsyncIterable<{ readonly error?: string }>) => {
  for await (const message of stream) if (message.error !== undefined) throw new Error(message.error);
};

/** Create, start, stop or kill, perhaps start again; some stay in the state that was answered for. */
async function lifeCycle({ world: { engine }, ledger, name, random }: WorkScope): Promise<void> {
  const params = { id: name };
  const body = {
    Image: 'busybox',
    Cmd: ['sh', '-c', tellsExit],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      PublishAllPorts: true,
      RestartPolicy: { Name: random() < 0.5 ? 'unless-stopped' : 'no', MaximumRetryCount: 0 },
    },
  };
  await ledger.request('container', name, 'created', () => engine.call('ContainerCreate', { query: { name }, body }));
  if (random() < 0.9) {
    await ledger.request('container', name, 'running', () => engine.call('ContainerStart', { params }));
    if (random() < 0.5)
      await ledger.request('container', name, 'exited 7', () =>
        engine.call('ContainerStop', { params, query: { t: 20 } }),
      );
    if (random() < 0.3)
      await ledger.request('container', name, 'running', () =>
        engine.call('ContainerRestart', { params, query: { t: 0 } }),
      );
  }
  if (random() < 0.3 && ledger.kept('container').length < maxKept) return;
  const query = { force: true, v: true };
  await ledger.request('container', name, 'gone', () => engine.call('ContainerDelete', { params, query }));
}

/** Goes by itself; the run's end looks whether all of these did. */
async function autoRemove({ world: { engine }, name }: WorkScope): Promise<void> {
  const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { AutoRemove: true } };
  await engine.call('ContainerCreate', { query: { name: `auto-${name}` }, body });
  await engine.call('ContainerStart', { params: { id: `auto-${name}` } });
}

async function exec({ world, finding }: WorkScope): Promise<void> {
  const { code, stdout } = await world.docker(['exec', 'steady', 'sh', '-c', 'echo in; sleep 0.1; exit 9'], {
    timeoutMs: 60_000,
  });
  if (code === 0) finding(`an exec that ends with 9 was said to end with 0 (${JSON.stringify(stdout)})`);
}

async function readLogs({ world, finding }: WorkScope): Promise<void> {
  const { code, stdout } = await world.docker(['logs', '--tail', '5000', 'bursts'], { timeoutMs: 60_000 });
  const lines = stdout.split('\n').slice(0, -1).map(Number);
  const gap = lines.findIndex((line, at) => at > 0 && line !== (lines[at - 1] ?? 0) + 1);
  if (code === 0 && gap !== -1)
    finding(`logs have a gap: ${JSON.stringify(stdout.split('\n').slice(gap - 1, gap + 3))}`);
}

async function pull({ world: { engine, registryHost }, ledger }: WorkScope): Promise<void> {
  const image = `${registryHost}/library/big:latest`;
  await ledger.request('image', image, 'there', () =>
    drain(engine.jsonStream('ImageCreate', { query: { fromImage: image } })),
  );
  await ledger.request('image', image, 'gone', () => engine.call('ImageDelete', { params: { name: image } }));
}

async function load({ world: { engine }, ledger, archive, name }: WorkScope): Promise<void> {
  const bytes = await readFile(archive);
  const upload = new Blob([new Uint8Array(bytes)]).stream();
  await drain(engine.jsonStream('ImageLoad', { query: { quiet: true }, upload }));
  const image = `loaded-${name}:latest`;
  await ledger.request('image', image, 'there', () =>
    engine.call('ImageTag', { params: { name: 'archived:latest' }, query: { repo: `loaded-${name}` } }),
  );
  await ledger.request('image', image, 'gone', () => engine.call('ImageDelete', { params: { name: image } }));
}

async function commit({ world: { engine }, ledger, name }: WorkScope): Promise<void> {
  const image = `committed-${name}:latest`;
  const query = { container: 'steady', repo: `committed-${name}`, pause: false };
  await ledger.request('image', image, 'there', () => engine.call('ImageCommit', { query }));
  await ledger.request('image', image, 'gone', () => engine.call('ImageDelete', { params: { name: image } }));
}

async function volume({ world: { engine }, ledger, name, random }: WorkScope): Promise<void> {
  await ledger.request('volume', name, 'there', () => engine.call('VolumeCreate', { body: { Name: name } }));
  if (random() < 0.2 && ledger.kept('volume').length < maxKept) return;
  await ledger.request('volume', name, 'gone', () => engine.call('VolumeDelete', { params: { name } }));
}

async function network({ world: { engine }, ledger, name, random }: WorkScope): Promise<void> {
  await ledger.request('network', name, 'there', () => engine.call('NetworkCreate', { body: { Name: name } }));
  const params = { id: name };
  if (random() < 0.5) {
    await engine.call('NetworkConnect', { params, body: { Container: 'steady' } });
    await engine.call('NetworkDisconnect', { params, body: { Container: 'steady', Force: true } });
  }
  // A connection whose answer was cut may still hold the network.
  await engine.call('NetworkDisconnect', { params, body: { Container: 'steady', Force: true } }).catch(() => undefined);
  await ledger.request('network', name, 'gone', () => engine.call('NetworkDelete', { params }));
}

/** What a work left whose answer was cut: most clients would look and clear up as well. */
export async function clearUp({ world: { engine }, ledger, name }: WorkScope): Promise<void> {
  const query = { force: true, v: true };
  const gone = (error: unknown) => {
    if (!isWharfError(error) || error.status !== 404) throw error;
  };
  await ledger.request('container', name, 'gone', () =>
    engine.call('ContainerDelete', { params: { id: name }, query }).catch(gone),
  );
}

/** Most of the time containers, as clients do. */
export const works: readonly Work[] = [
  ...[lifeCycle, lifeCycle, lifeCycle, autoRemove, autoRemove],
  ...[exec, readLogs, pull, load, commit, volume, network],
];
