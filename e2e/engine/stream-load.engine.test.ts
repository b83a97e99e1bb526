import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

const clients = 50;
const limitMs = 120_000;
const daemonGrowthMaxBytes = 200 * 1024 * 1024;

describe.skipIf(dockerCommand === undefined)('many streams', () => {
  const { world, said } = engineFile({ pulled: ['busybox'] });

  /** The body of an answer: whole, or up to a chunk with this text in it. */
  function read(target: string, onHead: () => void = () => undefined, last?: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const request = http.get({ socketPath: world().socket, path: target, agent: false }, (response) => {
        onHead();
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (last === undefined || !chunk.includes(last)) return;
          resolve(Buffer.concat(chunks));
          request.destroy();
        });
        response.on('end', () => resolve(Buffer.concat(chunks)));
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  }

  /** A connection whose answer nobody reads. */
  function deaf(target: string): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(world().socket, () => {
        socket.write(`GET ${target} HTTP/1.1\r\nHost: engine\r\n\r\n`);
        resolve(socket);
      });
      socket.on('error', reject);
      socket.pause();
    });
  }

  const memoryBytes = async () => {
    const text = await readFile(`/proc/${world().daemon.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
  };

  it(
    'are all complete when a container writes at full rate and dies, and silent clients cost nothing',
    async () => {
      const lines = 100_000;
      const id = await said('run', '-d', '-i', 'busybox', 'sh', '-c', `read go; seq 1 ${lines}; exit 7`);
      const before = await memoryBytes();
      let most = 0;
      const watch = setInterval(() => void memoryBytes().then((bytes) => (most = Math.max(most, bytes))), 200);
      const silent = [
        ...(await Promise.all(Array.from({ length: 5 }, () => deaf(`/containers/${id}/logs?follow=1&stdout=1`)))),
        ...(await Promise.all(Array.from({ length: 5 }, () => deaf('/events')))),
      ];
      const heads: Promise<void>[] = [];
      const follow = (target: string, last?: string) => {
        const head = Promise.withResolvers<void>();
        heads.push(head.promise);
        return read(target, head.resolve, last);
      };
      const logs = Array.from({ length: clients }, () => follow(`/containers/${id}/logs?follow=1&stdout=1`));
      const filters = encodeURIComponent(JSON.stringify({ container: [id] }));
      const events = Array.from({ length: clients }, () => follow(`/events?filters=${filters}`, '"Action":"die"'));
      await Promise.all(heads);
      const attached = await world().docker(['attach', id], { input: 'go\n', timeoutMs: limitMs });
      expect(attached.code).toBe(7);
      expect(attached.stdout.split('\n').length).toBe(lines + 1);
      const [first, ...others] = await Promise.all(logs);
      expect(payload(first ?? Buffer.alloc(0)).split('\n').length).toBe(lines + 1);
      const text = payload(first ?? Buffer.alloc(0));
      for (const other of others) expect(payload(other) === text).toBe(true);
      for (const seen of await Promise.all(events)) expect(actionsOf(seen)).toEqual(['attach', 'die']);
      clearInterval(watch);
      expect(Math.max(most, await memoryBytes()) - before).toBeLessThan(daemonGrowthMaxBytes);
      expect(await said('ps', '-q')).toBe('');
      for (const socket of silent) socket.destroy();
    },
    limitMs,
  );

  it(
    'half a request is given up, and others are answered meanwhile',
    async () => {
      const socket = connect(world().socket);
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      socket.on('error', () => undefined);
      socket.write('GET /version HTTP/1.1\r\nHost: eng');
      expect((await read('/_ping')).toString()).toBe('OK');
      socket.resume();
      await closed;
    },
    limitMs,
  );
});

/** Of multiplexed output. */
function payload(framed: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= framed.length; ) {
    const length = framed.readUInt32BE(at + 4);
    parts.push(framed.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}

function actionsOf(documents: Buffer): readonly string[] {
  return documents
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => /"Action":"([^"]+)"/.exec(line)?.[1] ?? []);
}
