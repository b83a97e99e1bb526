import { expect, test } from 'vitest';
import { WharfError } from '../contract/errors.ts';
import { hostMethods } from '../contract/host-api.ts';
import { createHostDispatch, type HostHandlers } from './host-dispatch.ts';

const caller = { id: 'test' };

function dispatchWith(handlers: Partial<HostHandlers>) {
  const reported: unknown[] = [];
  const all = new Proxy(handlers, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      (() => {
        throw new Error('called');
      }),
  });
  return { dispatch: createHostDispatch(all as HostHandlers, (error) => reported.push(error)), reported };
}

test('every method refuses input of another shape before its handler is called', async () => {
  const { dispatch, reported } = dispatchWith({});
  for (const name of Object.keys(hostMethods)) {
    for (const input of [undefined, 7, 'text', [], { unknown: 1, name: '../../etc', jobId: '\n' }]) {
      expect(await dispatch.call(name, input, caller)).toMatchObject({ ok: false, error: { code: 'request.invalid' } });
    }
  }
  expect(reported).toEqual([]);
});

test('names that are not methods are refused, those of the object itself too', async () => {
  const { dispatch } = dispatchWith({});
  for (const name of ['no.such', 'constructor', '__proto__', 'toString', 7, null, undefined]) {
    expect(await dispatch.call(name, null, caller)).toMatchObject({ ok: false, error: { code: 'request.not-found' } });
  }
});

test('only http and https addresses may be opened', async () => {
  const { dispatch } = dispatchWith({ 'shell.openExternal': () => null });
  const open = (url: string) => dispatch.call('shell.openExternal', { url }, caller);
  for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'smb://x', '-flag']) {
    expect((await open(url)).ok).toBe(false);
  }
  expect(await open('https://example.org/')).toEqual({ ok: true, value: null });
});

test('an error raised on purpose keeps code and hint; any other is reported and called internal', async () => {
  const { dispatch, reported } = dispatchWith({
    'plugins.list': () => {
      throw new WharfError('daemon.unreachable', 'no engine', { hint: 'Start it.' });
    },
    'extensions.list': () => {
      throw new TypeError('bug');
    },
  });
  expect(await dispatch.call('plugins.list', null, caller)).toEqual({
    ok: false,
    error: { code: 'daemon.unreachable', message: 'no engine', hint: 'Start it.' },
  });
  expect(await dispatch.call('extensions.list', null, caller)).toMatchObject({
    ok: false,
    error: { code: 'internal' },
  });
  expect(reported).toHaveLength(1);
});

test('an answer against the contract does not reach the window', async () => {
  const { dispatch, reported } = dispatchWith({ 'engine.logs': () => ({ lines: [1] }) as never });
  expect((await dispatch.call('engine.logs', { lines: 5 }, caller)).ok).toBe(false);
  expect(reported).toHaveLength(1);
});
