import { expect, test } from 'vitest';
import { uniqueAddresses } from './open-listeners.ts';
import { parseListenAddress } from './options/listen-address.ts';

test('an address that is given twice is listened on once', () => {
  const given = ['unix:///run/a.sock', 'tcp://127.0.0.1:1', 'unix:///run/a.sock'].map((text) =>
    parseListenAddress(text),
  );
  expect(uniqueAddresses(given)).toEqual(given.slice(0, 2));
});
