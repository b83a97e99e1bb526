import type { BenchCase } from './case.ts';
import { containerCases } from './container-cases.ts';
import { daemonCases } from './daemon-cases.ts';
import { imageCases } from './image-cases.ts';
import { registryCases } from './registry-cases.ts';

/** What is done, the same for every subject. Restarts of the daemons come last: they begin with cold caches. */
export const cases: readonly BenchCase[] = [...containerCases, ...imageCases, ...registryCases, ...daemonCases];
