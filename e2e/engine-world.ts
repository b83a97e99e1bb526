import { existsSync } from 'node:fs';
import path from 'node:path';
import { startFakeEngine } from './standin/fake-engine.ts';

export interface EngineWorld {
  readonly socket: string;
  /** Said in the log of each run. */
  readonly label: string;
  /** Address of the registry that holds the fixture images; undefined where there is no real engine. */
  readonly registryUrl: string | undefined;
  stop(): Promise<void>;
}

const real = path.join(import.meta.dirname, '../test-world/engine-world.ts');

/** A real engine with its registry where this machine can run one, else a few answers of one, said in the log. */
export async function openWorld(): Promise<EngineWorld> {
  if (!existsSync(real) || process.getuid?.() !== 0) return await startFakeEngine();
  const { startEngineWorld }: { startEngineWorld(): Promise<Omit<EngineWorld, 'label'>> } = await import(real);
  const { socket, registryUrl, stop } = await startEngineWorld();
  return { socket, registryUrl, stop: () => stop(), label: 'real wharfd' };
}
