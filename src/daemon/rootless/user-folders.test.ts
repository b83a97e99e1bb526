import { expect, it } from 'vitest';
import { userFolders } from './user-folders.ts';

it('folders follow the XDG specification', () => {
  const { dataRoot, execRoot, configFile } = userFolders({ HOME: '/home/ann', XDG_RUNTIME_DIR: '/run/user/1000/' });
  expect({ dataRoot, execRoot, configFile }).toEqual({
    dataRoot: '/home/ann/.local/share/wharf',
    execRoot: '/run/user/1000/wharf',
    configFile: '/home/ann/.config/wharf/daemon.json',
  });
  expect(userFolders({ HOME: '/h', XDG_DATA_HOME: '/d', XDG_CONFIG_HOME: 'relative' })).toMatchObject({
    dataRoot: '/d/wharf',
    configFile: '/h/.config/wharf/daemon.json',
  });
});

it('a missing home is told when it is needed', () => {
  const folders = userFolders({ XDG_DATA_HOME: '/d' });
  expect(folders.dataRoot).toBe('/d/wharf');
  expect(() => folders.configFile).toThrow('$HOME is not set');
});
