import { expect, test } from 'vitest';
import { settingsOf } from './engine-settings-draft.ts';

test('addresses typed with spaces or commas become a list, and only what was typed is changed', () => {
  expect(settingsOf({ registryMirrors: ' https://a.example  https://b.example, ', httpProxy: ' http://p:1 ' })).toEqual(
    {
      registryMirrors: ['https://a.example', 'https://b.example'],
      httpProxy: 'http://p:1',
    },
  );
});

test('an emptied list is an empty list, not a missing one', () => {
  expect(settingsOf({ insecureRegistries: '  ' })).toEqual({ insecureRegistries: [] });
});
