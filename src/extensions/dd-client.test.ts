import { createContext, runInContext } from 'node:vm';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { type BridgePort, serveExtensionFrame } from '../client/extension-frame.ts';
import { WharfError } from '../contract/errors.ts';
import type { HostApi } from '../contract/host-api.ts';
import { ddClientScript } from './dd-client.ts';

/** A page with the real script in it, connected to the app's real end of the bridge, over a real message channel. */
function openPage(invoke: (method: string, input: unknown) => unknown) {
  const listeners: ((event: object) => void)[] = [];
  const parent = { postMessage() {} };
  const page = createContext({
    parent,
    addEventListener: (_type: string, listener: (event: object) => void) => listeners.push(listener),
    console: { error() {} },
  });
  runInContext(
    ddClientScript({
      image: 'a:1',
      hasVm: true,
      hasService: true,
      hasHost: false,
      platform: 'linux',
      arch: 'x64',
      hostname: 'h',
    }),
    page,
  );
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const handlers = new Map<string, (payload: never) => void>();
  const host = {
    kind: 'web',
    invoke: async (method: string, input: unknown) => invoke(method, input),
    on(event: string, listener: (payload: never) => void) {
      handlers.set(event, listener);
      return () => handlers.delete(event);
    },
  } as unknown as HostApi;
  const shown: unknown[] = [];
  const served = serveExtensionFrame('acme', asBridge(port1), host, {
    toast: (...args) => shown.push(['toast', ...args]),
    navigate: async (...args) => void shown.push(['navigate', ...args]),
    openExternal: async (url) => void shown.push(['open', url]),
  });
  const connect = (source: object = parent) => {
    for (const listener of listeners) listener({ data: { type: 'wharf-extension-connect' }, source, ports: [port2] });
  };
  const emit = (event: string, payload: unknown) => handlers.get(event)?.(payload as never);
  return { page, connect, shown, emit, served, run: (code: string) => runInContext(code, page) };
}
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function asBridge(port: MessagePort): BridgePort {
  const bridge: BridgePort = {
    postMessage: (message) => port.postMessage(message),
    onmessage: null,
    close: () => port.close(),
  };
  port.on('message', (data) => bridge.onmessage?.({ data }));
  return bridge;
}

test('commands carry the extension’s name whatever the page says, and results have their parsers', async () => {
  const calls: unknown[] = [];
  const { connect, run } = openPage((method, input) => {
    calls.push([method, input]);
    return { cmd: 'ls', code: 0, signal: null, killed: false, stdout: '{"a":1}\n{"a":2}\n', stderr: '' };
  });
  const result = run(`ddClient.extension.vm.cli.exec('ls', ['-l'], { cwd: '/x', name: 'other' })`);
  connect();
  expect((await result).parseJsonLines()).toEqual([{ a: 1 }, { a: 2 }]);
  const input = { name: 'acme', target: 'vm', command: 'ls', args: ['-l'], cwd: '/x', env: undefined };
  expect(calls).toEqual([['extensions.exec', input]]);
});

test('a non-zero exit rejects with the result', async () => {
  const { connect, run } = openPage(() => ({
    code: 3,
    stdout: '',
    stderr: 'no',
    cmd: 'x',
    signal: null,
    killed: false,
  }));
  connect();
  await expect(run(`ddClient.docker.cli.exec('x', [])`)).rejects.toMatchObject({ code: 3, stderr: 'no' });
});

test('service calls resolve to data and reject on other than 2xx', async () => {
  const { connect, run } = openPage((_method, input) => {
    const { url } = input as { url: string };
    return { status: url === '/ok' ? 200 : 500, headers: {}, data: { url } };
  });
  connect();
  expect(await run(`ddClient.extension.vm.service.get('/ok')`)).toEqual({ url: '/ok' });
  await expect(run(`ddClient.extension.vm.service.post('/bad', { a: 1 })`)).rejects.toMatchObject({ statusCode: 500 });
});

test('streamed output comes in lines and ends with the exit code', async () => {
  const started: { execId: string }[] = [];
  const { connect, run, emit } = openPage((method, input) => {
    if (method === 'extensions.execStream') started.push(input as { execId: string });
    return null;
  });
  connect();
  run(`globalThis.seen = []; globalThis.closed = new Promise((resolve) => {
    ddClient.extension.vm.cli.exec('tail', [], { stream: {
      splitOutputLines: true, onOutput: (data) => seen.push(data), onClose: resolve } });
  })`);
  await expect.poll(() => started.length).toBe(1);
  const execId = started[0]?.execId;
  emit('extensions.execOutput', { execId, stream: 'stdout', data: 'one\ntw' });
  emit('extensions.execOutput', { execId, stream: 'stdout', data: 'o\n' });
  emit('extensions.execOutput', { execId: 'of-another', stream: 'stdout', data: 'not mine\n' });
  emit('extensions.execClosed', { execId, code: 0, error: '' });
  expect(await run('closed')).toBe(0);
  expect(run('JSON.stringify(seen)')).toBe('[{"stdout":"one"},{"stdout":"two"}]');
});

test('toasts, navigation and links go to the app; other schemes do not', async () => {
  const { connect, run, shown } = openPage(() => null);
  connect();
  run(`ddClient.desktopUI.toast.success('done')`);
  await run(`ddClient.desktopUI.navigate.viewContainer('abc')`);
  run(`ddClient.host.openExternal('file:///etc/passwd')`);
  run(`ddClient.host.openExternal('https://example.org')`);
  await expect.poll(() => shown.length).toBe(3);
  expect(shown).toEqual([
    ['toast', 'success', 'done'],
    ['navigate', 'viewContainer', 'abc', undefined],
    ['open', 'https://example.org'],
  ]);
});

test('refusals of the host reach the page; what is not there is not offered', async () => {
  const { connect, run } = openPage(() => {
    throw new WharfError('auth.denied', 'docker was not granted');
  });
  connect();
  await expect(run(`ddClient.docker.listContainers()`)).rejects.toMatchObject({ code: 'auth.denied' });
  expect(run('ddClient.extension.host')).toBeUndefined();
});

test('a port from anyone but the parent is not taken', async () => {
  const { connect, run, shown } = openPage(() => null);
  connect({});
  run(`ddClient.desktopUI.toast.error('x')`);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(shown).toEqual([]);
  connect();
  await expect.poll(() => shown.length).toBe(1);
});

test('leaving the page ends the commands it started', async () => {
  const killed: unknown[] = [];
  const { connect, run, served } = openPage((method, input) => {
    if (method === 'extensions.execKill') killed.push(input);
    return null;
  });
  connect();
  run(`ddClient.extension.vm.cli.exec('sleep', ['1000'], { stream: {} })`);
  await new Promise((resolve) => setTimeout(resolve, 30));
  served[Symbol.dispose]();
  expect(killed).toHaveLength(1);
});
