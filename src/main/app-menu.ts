import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import type { HostEventPayload } from '../contract/host-api.ts';
import { hostPlatform } from '../machine/host-platform.ts';

export interface MenuActions {
  navigate(route: string): void;
  command(name: HostEventPayload<'command'>['name']): void;
  openExternal(url: string): void;
}

const pages: readonly (readonly [string, string])[] = [
  ['Home', '/'],
  ['Containers', '/containers'],
  ['Images', '/images'],
  ['Registry', '/registry'],
  ['Volumes', '/volumes'],
  ['Networks', '/networks'],
  ['Extensions', '/extensions'],
  ['Plugins', '/plugins'],
];

/** The application menu, shown as is customary on each system. */
export function createAppMenu(actions: MenuActions): Menu {
  const isMac = hostPlatform() === 'darwin';
  const settings: MenuItemConstructorOptions = {
    id: 'settings',
    label: 'Settings…',
    accelerator: 'CmdOrCtrl+,',
    click: () => actions.navigate('/settings'),
  };
  const go = pages.map(
    ([label, route], index): MenuItemConstructorOptions => ({
      id: `go:${route}`,
      label,
      accelerator: `CmdOrCtrl+${index + 1}`,
      click: () => actions.navigate(route),
    }),
  );
  const macMenu: MenuItemConstructorOptions[] = [
    {
      label: app.name,
      submenu: [{ role: 'about' }, { type: 'separator' }, settings, { type: 'separator' }, { role: 'quit' }],
    },
  ];
  const fileMenu: MenuItemConstructorOptions = {
    label: 'File',
    submenu: isMac ? [{ role: 'close' }] : [settings, { type: 'separator' }, { role: 'close' }, { role: 'quit' }],
  };
  return Menu.buildFromTemplate([
    ...(isMac ? macMenu : []),
    fileMenu,
    { role: 'editMenu', label: 'Edit' },
    {
      label: 'Go',
      submenu: [
        ...go,
        { type: 'separator' },
        {
          id: 'palette',
          label: 'Command Palette…',
          accelerator: 'CmdOrCtrl+K',
          click: () => actions.command('palette'),
        },
        { id: 'terminal', label: 'Terminal', accelerator: 'Ctrl+`', click: () => actions.command('terminal') },
      ],
    },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { role: 'toggleDevTools' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu', label: 'Window' },
  ]);
}
