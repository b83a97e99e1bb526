import { expect, it } from 'vitest';
import { parseState } from './rootless-state.ts';

const holder = { pid: 7, startTimeTicks: 70 };

it('a record is read as it was written', () => {
  const network = { driver: 'pasta', subnet: '10.0.2', process: { pid: 8, startTimeTicks: 80 } };
  const state = { holder, network, cgroupReason: '', engine: { pid: 9, startTimeTicks: 90 } };
  expect(parseState(JSON.parse(JSON.stringify(state)))).toEqual(state);
});

it('what makes no sense in it is not relied on', () => {
  expect(parseState({})).toBeUndefined();
  expect(parseState({ holder: { pid: 'x' } })).toBeUndefined();
  expect(parseState({ holder, network: { driver: 'other' } })).toMatchObject({ holder, network: undefined });
  expect(parseState({ holder })?.cgroupReason).not.toBe('');
});
