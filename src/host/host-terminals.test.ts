import { expect, test } from 'vitest';
import { HostEvents } from './host-events.ts';
import { HostTerminals } from './host-terminals.ts';

test('a shell runs, answers its owner only, and ends with it', async () => {
  const events = new HostEvents();
  using terminals = new HostTerminals(events);
  let output = '';
  const exited = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  events.listen((event, payload, to) => {
    expect(to).toBe('me');
    if (event === 'terminal.exit') exited.resolve();
    if (typeof payload === 'object' && payload !== null && 'data' in payload) output += String(payload.data);
    if (/42-wharf[\s\S]*24 100/.test(output)) answered.resolve();
  });
  const { sessionId } = terminals.open({ cols: 80, rows: 24, cwd: '/' }, '/bin/sh', 'me');
  expect(() => terminals.write(sessionId, 'exit\n', 'somebody else')).toThrow('has ended');
  terminals.resize(sessionId, 100, 24, 'me');
  terminals.write(sessionId, 'echo $((6*7))-wharf; stty size\n', 'me');
  await answered.promise;
  terminals.closeAllOf('me');
  await exited.promise;
  expect(() => terminals.write(sessionId, 'x', 'me')).toThrow('has ended');
});

test('a folder that is not there is refused', () => {
  using terminals = new HostTerminals(new HostEvents());
  expect(() => terminals.open({ cols: 80, rows: 24, cwd: '/no/such' }, '/bin/sh', 'me')).toThrow('no such folder');
});
