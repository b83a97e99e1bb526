import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineStatus } from '../contract/host-schemas.ts';
import { unsupportedDriver } from './engine-driver.ts';
import { createEngineSupervisor, type EngineSupervisor, type SupervisorLimits } from './engine-supervisor.ts';
import { linuxNativeDriver } from './linux-native-driver.ts';

// A daemon of a few lines: `ok` answers _ping, `slow` only after 300 ms, `mute` listens and never answers, `crash` says why
// and exits, `hang` never listens and ignores SIGTERM, `die` answers for 200 ms and then exits.
const fakeDaemon = `
const http = require('node:http');
const [mode, socket] = process.argv.slice(2);
const fs = require('node:fs');
const listen = () => { fs.rmSync(socket, { force: true }); http.createServer((req, res) => { if (mode !== 'mute') res.writeHead(200, { server: 'Wharf/9.9.9 (linux)' }).end('OK'); }).listen(socket); };
if (mode === 'crash') { console.error('wharfd: needs root'); process.exitCode = 3; }
else if (mode === 'hang') { process.on('SIGTERM', () => {}); console.error('waiting for nothing'); setInterval(() => {}, 1000); }
else if (mode === 'slow') setTimeout(listen, 300);
else { listen(); if (mode === 'die') setTimeout(() => process.exit(7), 200); }
process.on('SIGTERM', () => { if (mode !== 'hang') process.exit(0); });
`;

let folder: string;
let socket: string;
let started: EngineSupervisor[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'wharf-supervisor-'));
  socket = path.join(folder, 's.sock');
  await writeFile(path.join(folder, 'daemon.cjs'), fakeDaemon);
  started = [];
});
afterEach(async () => {
  for (const supervisor of started) await supervisor.stop();
  await rm(folder, { recursive: true });
});

function supervise(mode: string, limits: Partial<SupervisorLimits> = {}) {
  const driver = linuxNativeDriver({ bin: process.execPath, args: [path.join(folder, 'daemon.cjs'), mode, socket] });
  const supervisor = createEngineSupervisor({
    endpoint: { kind: 'unix', path: socket },
    driver,
    limits: { firstRetryMs: 20, maxRetryMs: 50, maxRetries: 1, stopMs: 500, healthEveryMs: 50, ...limits },
  });
  started.push(supervisor);
  const seen: EngineStatus[] = [];
  supervisor.onStatus((status) => seen.push(status));
  return { supervisor, kinds: () => seen.map((status) => status.kind), seen };
}

async function until(supervisor: EngineSupervisor, wanted: (status: EngineStatus) => boolean): Promise<EngineStatus> {
  const { promise, resolve } = Promise.withResolvers<EngineStatus>();
  const off = supervisor.onStatus((status) => {
    if (wanted(status)) resolve(status);
  });
  try {
    return await promise;
  } finally {
    off();
  }
}
const gaveUp = (status: EngineStatus) => status.kind === 'failed' && status.retryAtMs === null;

test('starts a daemon through named phases and stops it again', async () => {
  const { supervisor, kinds } = supervise('slow');
  supervisor.start();
  await supervisor.whenReady(AbortSignal.timeout(5000));
  expect(kinds()).toEqual(['stopped', 'checking', 'starting-daemon', 'waiting-for-api', 'ready']);
  expect(supervisor.status).toMatchObject({ ownsDaemon: true, version: '9.9.9' });
  await supervisor.stop();
  expect(supervisor.status.kind).toBe('stopped');
});

test('attaches to an engine that runs already and leaves it running', async () => {
  const server: Server = createServer((_request, response) => response.end('OK')).listen(socket);
  try {
    const { supervisor, kinds } = supervise('crash');
    supervisor.start();
    await supervisor.whenReady(AbortSignal.timeout(5000));
    expect(kinds()).toEqual(['stopped', 'checking', 'ready']);
    expect(supervisor.status).toMatchObject({ ownsDaemon: false });
    await supervisor.stop();
    expect(server.listening).toBe(true);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a daemon that crashes fails with its exit code, its log tail and a hint, after bounded retries', async () => {
  const { supervisor, kinds } = supervise('crash', { maxRetries: 2 });
  supervisor.start();
  const status = await until(supervisor, gaveUp);
  expect(status).toMatchObject({ kind: 'failed', phase: 'waiting-for-api', code: 'daemon.unreachable' });
  expect(status).toHaveProperty('message', expect.stringContaining('exited with code 3'));
  expect(status).toHaveProperty('logTail', expect.arrayContaining(['wharfd: needs root']));
  expect(kinds().filter((kind) => kind === 'failed')).toHaveLength(3);
});

test('a daemon that hangs becomes an error at the limit and is killed', async () => {
  const { supervisor } = supervise('hang', { apiMs: 300, maxRetries: 0 });
  supervisor.start();
  const status = await until(supervisor, gaveUp);
  expect(status).toHaveProperty('message', expect.stringContaining('did not answer within'));
});

test('a socket that accepts and never answers is told apart from none', async () => {
  const server = createServer(() => {}).listen(socket);
  try {
    const { supervisor } = supervise('ok', { checkMs: 200, maxRetries: 0 });
    supervisor.start();
    const status = await until(supervisor, gaveUp);
    expect(status).toMatchObject({ phase: 'checking' });
    expect(status).toHaveProperty('message', expect.stringContaining('did not answer within 200 ms'));
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a daemon that dies is started again', async () => {
  const { supervisor, seen } = supervise('die', { maxRetries: 5 });
  supervisor.start();
  await supervisor.whenReady(AbortSignal.timeout(5000));
  const failed = await until(supervisor, (status) => status.kind === 'failed');
  expect(failed).toMatchObject({ phase: 'ready', message: expect.stringContaining('exited with code 7') });
  await until(supervisor, (status) => status.kind === 'ready');
  expect(seen.filter((status) => status.kind === 'ready').length).toBeGreaterThanOrEqual(2);
});

test('repair tries again after it gave up', async () => {
  const { supervisor } = supervise('crash', { maxRetries: 0 });
  supervisor.start();
  await until(supervisor, gaveUp);
  await writeFile(path.join(folder, 'daemon.cjs'), fakeDaemon.replace("mode === 'crash'", 'false'));
  await supervisor.repair();
  await until(supervisor, (status) => status.kind === 'ready');
});

test('a machine without a driver says so at once and does not retry', async () => {
  const supervisor = createEngineSupervisor({
    endpoint: { kind: 'unix', path: socket },
    driver: unsupportedDriver('darwin'),
  });
  started.push(supervisor);
  supervisor.start();
  expect(await until(supervisor, gaveUp)).toMatchObject({ code: 'host.unsupported', phase: 'starting-daemon' });
});
