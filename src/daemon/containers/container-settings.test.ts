import { expect, test } from 'vitest';
import { plainSettings, runtimeUlimits, withDefaultUlimits } from './container-settings.ts';

test("the daemon's ulimits hold where a container has none of its own, and are shown", () => {
  const settings = {
    ...plainSettings,
    ulimits: [
      { Name: 'nofile', Soft: 10, Hard: 20 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
  };
  const own = { Name: 'nofile', Soft: 1, Hard: 2 };
  expect(withDefaultUlimits({ Ulimits: [own] }, settings)).toEqual([own, settings.ulimits[1]]);
  expect(withDefaultUlimits({ Ulimits: null }, plainSettings)).toBeNull();
  expect(runtimeUlimits({}, settings)).toContainEqual({ name: 'core', soft: 0, hard: 0 });
});
