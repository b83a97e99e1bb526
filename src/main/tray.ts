import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { EngineStatus } from '../contract/host-schemas.ts';
import type { ContainerSummary } from '../contract/types/containers.ts';

const maxContainers = 12;

export interface TrayActions {
  show(): void;
  navigate(route: string): void;
  repair(): void;
  quit(): void;
}

/** What the tray says about the engine, in a few words. */
export function statusText(status: EngineStatus): string {
  switch (status.kind) {
    case 'checking':
      return 'Looking for the engine…';
    case 'starting-daemon':
      return 'Starting the engine…';
    case 'waiting-for-api':
      return 'Waiting for the engine…';
    case 'ready':
      return 'Engine is running';
    case 'failed':
      return 'Engine is not running';
    case 'stopped':
      return 'Engine is stopped';
  }
}

/** The tray icon with the engine's state and the running containers. */
export class WharfTray {
  readonly #tray: Tray;
  readonly #actions: TrayActions;
  #status: EngineStatus;
  #containers: readonly ContainerSummary[] = [];

  constructor(icon: string, status: EngineStatus, actions: TrayActions) {
    this.#tray = new Tray(nativeImage.createFromPath(icon).resize({ width: 20, height: 20 }));
    this.#actions = actions;
    this.#status = status;
    this.#tray.on('click', () => actions.show());
    this.#draw();
  }

  setStatus(status: EngineStatus): void {
    this.#status = status;
    this.#draw();
  }

  setContainers(containers: readonly ContainerSummary[]): void {
    this.#containers = containers.filter(({ Labels }) => Labels['io.wharf.extension'] === undefined);
    this.#draw();
  }

  destroy(): void {
    this.#tray.destroy();
  }

  #draw(): void {
    if (this.#tray.isDestroyed()) return;
    const text = statusText(this.#status);
    this.#tray.setToolTip(`Wharf: ${text}`);
    this.#tray.setContextMenu(Menu.buildFromTemplate(this.#items(text)));
  }

  #items(text: string): MenuItemConstructorOptions[] {
    const { show, navigate, repair, quit } = this.#actions;
    const shown = this.#containers.slice(0, maxContainers).map(
      ({ Id, Names, Image }): MenuItemConstructorOptions => ({
        label: `${(Names[0] ?? Id.slice(0, 12)).replace(/^\//, '')}  ·  ${Image}`,
        click: () => navigate(`/containers/${Id}`),
      }),
    );
    const more = this.#containers.length - shown.length;
    const containers: MenuItemConstructorOptions[] = [
      ...shown,
      ...(more > 0 ? [{ label: `${more} more…`, click: () => navigate('/containers') }] : []),
      ...(this.#status.kind === 'ready' && shown.length === 0
        ? [{ label: 'No running containers', enabled: false }]
        : []),
    ];
    return [
      { label: text, enabled: false },
      ...(this.#status.kind === 'failed' ? [{ label: 'Repair', click: repair }] : []),
      { type: 'separator' },
      ...containers,
      { type: 'separator' },
      { label: 'Open Wharf', click: show },
      { label: 'Settings…', click: () => navigate('/settings') },
      { label: 'Quit Wharf', click: quit },
    ];
  }
}
