import { afterAll, afterEach, beforeAll } from 'vitest';
import { type EngineWorld, type EngineWorldOptions, engineWorld } from './engine-world.ts';
import type { Outcome } from './run-program.ts';

export interface EngineFile {
  world(): EngineWorld;
  docker(...args: string[]): Promise<Outcome>;
  wharf(...args: string[]): Promise<Outcome>;
  /** What docker prints on success, without the last line end. @throws with its error otherwise */
  said(...args: string[]): Promise<string>;
}

/** One world for all tests around the call; emptied after each of them, checked for leaks after the last. */
export function engineFile(options: EngineWorldOptions = {}): EngineFile {
  let open: EngineWorld | undefined;
  const world = () => {
    if (open === undefined) throw new Error('the engine world is not open');
    return open;
  };
  beforeAll(async () => {
    open = await engineWorld(options);
  });
  afterEach(() => world().clear());
  afterAll(() => open?.[Symbol.asyncDispose]());
  return {
    world,
    docker: (...args) => world().docker(args),
    wharf: (...args) => world().wharf(args),
    async said(...args) {
      const { code, stdout, stderr } = await world().docker(args);
      if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with code ${code}: ${stderr}`);
      return stdout.replace(/\n$/, '');
    },
  };
}
