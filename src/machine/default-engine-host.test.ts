import { expect, it } from 'vitest';
import { chooseEngineHost } from './default-engine-host.ts';

const nobodys = () => false;

it('root means the engine of the machine', () => {
  expect(chooseEngineHost({ uid: 0, runtimeDir: '/run/user/0', mayUse: nobodys })).toBe('unix:///run/wharf/wharf.sock');
});

it('a user who may use its socket means it too', () => {
  const asked: string[] = [];
  const mayUse = (socket: string) => asked.push(socket) > 0;
  expect(chooseEngineHost({ uid: 1000, runtimeDir: '/run/user/1000', mayUse })).toBe('unix:///run/wharf/wharf.sock');
  expect(asked).toEqual(['/run/wharf/wharf.sock']);
});

it('any other user means an engine of their own', () => {
  expect(chooseEngineHost({ uid: 1000, runtimeDir: '/run/user/1000', mayUse: nobodys })).toBe(
    'unix:///run/user/1000/wharf/wharf.sock',
  );
});
