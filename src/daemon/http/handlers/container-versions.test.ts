import { expect, test } from 'vitest';
import { settingsOfVersion, updateOfVersion, withRuntime } from './container-versions.ts';

test('before 1.40 a container that says nothing has a memory others may share', () => {
  expect(settingsOfVersion({}, '1.39').HostConfig).toMatchObject({ IpcMode: 'shareable' });
  expect(settingsOfVersion({ HostConfig: { IpcMode: 'private' } }, '1.39').HostConfig?.IpcMode).toBe('private');
  expect(settingsOfVersion({}, '1.40').HostConfig?.IpcMode).toBeUndefined();
});

test('what came later is overlooked', () => {
  const body = {
    Healthcheck: { StartInterval: 5 },
    HostConfig: { AutoRemove: true, Annotations: { a: 'b' }, ConsoleSize: [24, 80], KernelMemoryTCP: 1024 },
  };
  expect(settingsOfVersion(body, '1.44')).toEqual(body);
  const oldest = settingsOfVersion(body, '1.24');
  expect(oldest.Healthcheck).toEqual({ StartInterval: 0 });
  expect(oldest.HostConfig).toMatchObject({ AutoRemove: false, ConsoleSize: [0, 0], KernelMemoryTCP: 0 });
  expect(oldest.HostConfig?.Annotations).toBeUndefined();
  expect(settingsOfVersion(body, '1.25').HostConfig?.AutoRemove).toBe(true);
});

test('before 1.40 an update leaves the limit of processes alone', () => {
  expect(updateOfVersion({ Memory: 1, PidsLimit: 5 }, '1.39')).toEqual({ Memory: 1 });
  expect(updateOfVersion({ PidsLimit: 5 }, '1.40')).toEqual({ PidsLimit: 5 });
});

test('a runtime beside HostConfig is taken where that names none', () => {
  expect(withRuntime({ Runtime: 'runc', HostConfig: { Init: true } })).toEqual({
    HostConfig: { Init: true, Runtime: 'runc' },
  });
  expect(withRuntime({ Runtime: 'runc', HostConfig: { Runtime: 'crun' } })).toEqual({
    HostConfig: { Runtime: 'crun' },
  });
  expect(withRuntime({ Runtime: null, Image: 'busybox' })).toEqual({ Image: 'busybox' });
});
