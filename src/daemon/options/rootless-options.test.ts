import { expect, it } from 'vitest';
import { readDaemonCommand } from '../daemon-options.ts';

const read = (...argv: string[]) =>
  readDaemonCommand(['--data-root', '/d', '--exec-root', '/x', '--config-file', '/dev/null', ...argv]);

it('an ordinary user may say what carries the network', () => {
  expect(read('--rootless', '--rootless-network=slirp4netns')).toMatchObject({
    options: { rootless: { network: 'slirp4netns' }, group: '0' },
  });
  expect(read('--rootless')).toMatchObject({ options: { rootless: { network: undefined } } });
  expect(read()).toMatchObject({ options: { rootless: undefined, group: undefined } });
});

it.each([
  [['--rootless-network=pasta'], '--rootless-network needs --rootless'],
  [['--rootless', '--rootless-network=vde'], 'invalid value for --rootless-network: "vde"'],
  [['--rootless', '--group=docker'], '--group can not go with --rootless'],
  [['--rootless', '--host=fd://'], '--host fd:// can not go with --rootless'],
  [['--rootless', '--userland-proxy=false'], '--userland-proxy=false can not go with --rootless'],
])('%j is refused', (argv, message) => {
  expect(() => read(...argv)).toThrow(message);
});
