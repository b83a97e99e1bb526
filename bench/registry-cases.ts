/** A registry server under 64 clients at once. */
import { randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';
import { mediaTypes } from '../src/oci/media-types.ts';
import type { BenchCase } from './case.ts';
import { digestOf, putBlob, putManifest } from './fill-registry.ts';
import { timedMs } from './measure.ts';

const clients = 64;
const blobBytes = 16 * 1024 ** 2;
const headsEach = 50;
const repository = 'bench/served';

interface Content {
  readonly digest: string;
}
const filled = new Map<string, Content>();

/** A blob to read and a manifest to ask for. */
async function contentOf(host: string): Promise<Content> {
  const known = filled.get(host);
  if (known !== undefined) return known;
  const blob = randomFillSync(Buffer.alloc(blobBytes));
  const digest = digestOf(blob);
  const base = `http://${host}/v2/${repository}`;
  await putBlob(base, blob);
  const descriptor = { mediaType: mediaTypes.ociLayer, digest, size: blobBytes };
  await putManifest(base, 'latest', {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor,
    layers: [descriptor],
  });
  const content = { digest };
  filled.set(host, content);
  return content;
}

function ask(agent: Agent, method: string, url: string, expectedBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, method, headers: { accept: mediaTypes.ociManifest } }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200 && bytes === expectedBytes) resolve();
        else reject(new Error(`${method} ${url}: ${answer.statusCode}, ${bytes} bytes`));
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Each client has a connection of its own and asks again as soon as it was answered. */
async function byAllClients(times: number, work: (agent: Agent) => Promise<void>): Promise<number> {
  const agents = Array.from({ length: clients }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  try {
    return await timedMs(() =>
      Promise.all(
        agents.map(async (agent) => {
          for (let at = 0; at < times; at += 1) await work(agent);
        }),
      ),
    );
  } finally {
    for (const agent of agents) agent.destroy();
  }
}

export const registryCases: readonly BenchCase[] = [
  {
    kind: 'registry',
    name: `registry: ${clients} clients read 16 MiB each`,
    unit: 'ms',
    share: 0.5,
    atMost: { ratio: 1 },
    async run({ host }) {
      const { digest } = await contentOf(host);
      const url = `http://${host}/v2/${repository}/blobs/${digest}`;
      return await byAllClients(1, (agent) => ask(agent, 'GET', url, blobBytes));
    },
  },
  {
    kind: 'registry',
    name: `registry: ${clients * headsEach} HEAD of a manifest by ${clients} clients`,
    unit: 'ms',
    share: 0.5,
    // 1.5 times as many a second
    atMost: { ratio: 0.67 },
    async run({ host }) {
      await contentOf(host);
      const url = `http://${host}/v2/${repository}/manifests/latest`;
      return await byAllClients(headsEach, (agent) => ask(agent, 'HEAD', url, 0));
    },
  },
];
