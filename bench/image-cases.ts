/** Images on their way in and out: pull, push, save, load, and the memory a pull takes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRegistry } from '../test-world/test-registry.ts';
import type { BenchCase } from './case.ts';
import { must } from './engine-api.ts';
import { largeImage, largeImageChanged, pushLargeImage, writeLargeArchive } from './large-image.ts';
import { runQuiet, timedMs } from './measure.ts';
import type { CommandLine, Subject } from './subject.ts';

const fullPull = 'pull of 255 MiB in three layers, 660 MiB unpacked';
const loaded = 'bench-loaded:1';

const pushed = new Set<string>();
async function registryIsFilled(host: string): Promise<void> {
  if (pushed.has(host)) return;
  await pushLargeImage(host);
  pushed.add(host);
}

const nameOf = (subject: Subject, image: string) => `${subject.registryHost}/${image}`;

/** Neither image nor any layer of it is there. */
async function removed(subject: Subject, command: CommandLine): Promise<void> {
  await registryIsFilled(subject.registryHost);
  for (const image of [nameOf(subject, largeImage), nameOf(subject, largeImageChanged), loaded])
    await runQuiet(command, ['rmi', '-f', image]).catch(() => undefined);
}

async function pulled(subject: Subject, command: CommandLine): Promise<string> {
  await registryIsFilled(subject.registryHost);
  const image = nameOf(subject, largeImage);
  await runQuiet(command, ['pull', image]);
  return image;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bi-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pushToEmpty(subject: Subject, command: CommandLine): Promise<number> {
  const source = await pulled(subject, command);
  return await inFolder(async (folder) => {
    await using registry = await startRegistry({ root: folder });
    const target = `${registry.host}/bench/large:1`;
    await runQuiet(command, ['tag', source, target]);
    try {
      return await timedMs(() => runQuiet(command, ['push', target]));
    } finally {
      await runQuiet(command, ['rmi', target]);
    }
  });
}

/** Resident pages of these processes, what they share counted for each. */
function residentMib(pids: readonly number[]): number {
  const pages = pids.map((pid) => {
    try {
      return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    } catch {
      return 0;
    }
  });
  return pages.reduce((sum, count) => sum + count * 4096, 0) / 1024 ** 2;
}

export const imageCases: readonly BenchCase[] = [
  {
    kind: 'command',
    name: fullPull,
    unit: 'ms',
    share: 0.3,
    atMost: { ratio: 0.55 },
    async run(subject, command) {
      await removed(subject, command);
      return await timedMs(() => runQuiet(command, ['pull', nameOf(subject, largeImage)]));
    },
  },
  {
    kind: 'command',
    name: 'pull of the same with its small layer changed',
    unit: 'ms',
    share: 0.5,
    atMost: { ratio: 0.15, toCase: fullPull },
    async run(subject, command) {
      await pulled(subject, command);
      const image = nameOf(subject, largeImageChanged);
      await runQuiet(command, ['rmi', image]).catch(() => undefined);
      return await timedMs(() => runQuiet(command, ['pull', image]));
    },
  },
  {
    kind: 'command',
    name: 'save of that image to a file',
    unit: 'ms',
    share: 0.3,
    atMost: { ratio: 0.5 },
    async run(subject, command) {
      const image = await pulled(subject, command);
      return await inFolder((folder) =>
        timedMs(() => runQuiet(command, ['save', '-o', path.join(folder, 'saved.tar'), image])),
      );
    },
  },
  {
    kind: 'command',
    name: 'load of it from a file',
    unit: 'ms',
    share: 0.3,
    atMost: { ratio: 0.6 },
    async run(subject, command) {
      await removed(subject, command);
      return await inFolder((folder) => {
        const archive = path.join(folder, 'image.tar');
        writeLargeArchive(archive, loaded);
        return timedMs(() => runQuiet(command, ['load', '-i', archive]));
      });
    },
  },
  {
    kind: 'command',
    name: 'push of it to an empty local registry',
    unit: 'ms',
    share: 0.3,
    atMost: { ratio: 0.6 },
    run: pushToEmpty,
  },
  {
    kind: 'engine',
    name: 'highest memory of the engine during that pull (RSS of all its processes)',
    unit: 'MiB',
    share: 0.3,
    atMost: { value: 200 },
    async run(subject, api) {
      const [command] = subject.commands;
      if (command === undefined) return undefined;
      await removed(subject, command);
      let highest = 0;
      const sampling = setInterval(() => {
        highest = Math.max(highest, residentMib(subject.pids()));
      }, 50);
      try {
        const [repository, tag] = largeImage.split(':');
        await must(api, 'POST', `/images/create?fromImage=${subject.registryHost}/${repository}&tag=${tag}`);
      } finally {
        clearInterval(sampling);
      }
      return highest;
    },
  },
];
