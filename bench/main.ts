/**
 * `npm run bench`: the same work on Wharf and on whichever peers are installed here, in one run and in turns, so that what
 * else the machine does hits all of them alike. Numbers of different runs or machines are not to be compared; ratios are.
 *
 *   --runs N        how often the quick cases run (default 9; slow ones run less often)
 *   --only TEXT     cases whose name has it
 *   --without NAME  leaves docker or podman out
 *   --dockerd PATH  another dockerd than the installed one; also $BENCH_DOCKERD
 *   --podman WORDS  how to call another podman than the installed one; also $BENCH_PODMAN
 *   --registry WORDS  how to call another CNCF distribution than the installed one; also $BENCH_REGISTRY
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchCase } from './case.ts';
import { cases } from './cases.ts';
import { dockerSubject } from './docker-subject.ts';
import { engineApi } from './engine-api.ts';
import { keepHostRules } from './host-rules.ts';
import { median } from './measure.ts';
import { podmanSubject } from './podman-subject.ts';
import { distributionRegistry, wharfRegistry } from './registry-subject.ts';
import { type BenchRow, resultLine, resultTable } from './result-table.ts';
import type { RegistrySubject, Subject } from './subject.ts';
import { wharfSubject } from './wharf-subject.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    without: { type: 'string', multiple: true, default: [] },
    dockerd: { type: 'string', default: process.env.BENCH_DOCKERD },
    podman: { type: 'string', default: process.env.BENCH_PODMAN },
    registry: { type: 'string', default: process.env.BENCH_REGISTRY },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs wants a whole number from 1 on');
if (process.getuid?.() !== 0) throw new Error('the benchmark starts engines, so it needs root');

/** Engines leave bridges, rules and mounts when nobody ends them: an interrupted run tidies up too. */
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true;
  });

type AnySubject = Subject | RegistrySubject;

async function measureOnce(bench: BenchCase, subject: AnySubject, into: Map<string, number[]>): Promise<void> {
  const add = (column: string, value: number | undefined) => {
    if (value !== undefined) into.set(column, [...(into.get(column) ?? []), value]);
  };
  if (!('socket' in subject)) {
    if (bench.kind === 'registry') add(subject.name, await bench.run(subject));
    return;
  }
  if (bench.kind === 'registry') return;
  if (bench.kind === 'engine') {
    using api = engineApi(subject.socket);
    add(subject.name, await bench.run(subject, api));
    return;
  }
  for (const command of subject.commands) add(command.name, await bench.run(subject, command));
}

async function measure(bench: BenchCase, subjects: readonly AnySubject[]): Promise<BenchRow> {
  const times = Math.max(1, Math.round(runs * bench.share));
  const samples = new Map<string, number[]>();
  const failures: string[] = [];
  const able = new Set(subjects);
  // The first round warms caches and does not count.
  for (let round = bench.unit === 'ms' ? -1 : 0; round < times; round += 1) {
    for (const subject of able) {
      if (interrupted) break;
      try {
        await measureOnce(bench, subject, round < 0 ? new Map() : samples);
      } catch (error) {
        failures.push(`${subject.name}: ${error instanceof Error ? error.message : String(error)}`);
        able.delete(subject);
      }
    }
  }
  const medians = Object.fromEntries([...samples].map(([column, all]) => [column, median(all)]));
  return {
    name: bench.name,
    unit: bench.unit,
    atMost: bench.atMost,
    runs: times,
    medians,
    samples: Object.fromEntries(samples),
    failures,
  };
}

await using stack = new AsyncDisposableStack();
stack.use(keepHostRules());
const wharf = stack.use(await wharfSubject());
const subjects: Subject[] = [wharf];
for (const [name, open, given] of [
  ['docker', dockerSubject, values.dockerd],
  ['podman', podmanSubject, values.podman],
] as const) {
  if (values.without.includes(name)) continue;
  const subject = await open(wharf.registryHost, given);
  if (subject === undefined) console.log(`${name} is not measured: it is not installed or does not run here.`);
  else subjects.push(stack.use(subject));
}
const chosen = cases.filter(({ name }) => name.includes(values.only));
const registries: RegistrySubject[] = [];
if (chosen.some(({ kind }) => kind === 'registry')) {
  registries.push(stack.use(await wharfRegistry()));
  const distribution = await distributionRegistry(values.registry);
  if (distribution === undefined) console.log('CNCF distribution is not measured: it is not installed.');
  else registries.push(stack.use(distribution));
}
const rows: BenchRow[] = [];
for (const bench of chosen) {
  const row = await measure(bench, bench.kind === 'registry' ? registries : subjects);
  process.stdout.write(resultLine(row, rows));
  for (const failure of row.failures) console.log(`  left out: ${failure}`);
  rows.push(row);
  if (interrupted) break;
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}`;
const versions = subjects.map(({ name, version }) => `${name} ${version}`).join(', ');
const when = new Date();
const folder = path.join(import.meta.dirname, 'results');
await mkdir(folder, { recursive: true });
const file = path.join(folder, `${when.toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
await writeFile(file, `${JSON.stringify({ when, machine, versions, rows }, null, 2)}\n`);
console.log(
  `\n${machine}; ${versions}; medians\n\n${resultTable(rows)}\nSaved to ${path.relative(process.cwd(), file)}`,
);
