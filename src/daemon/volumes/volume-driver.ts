/**
 * What a volume driver does. Built in is `local`; plugins bring others through `VolumePlugins`.
 *
 *   create ─► mount ─► unmount ─► … ─► remove
 *
 * Names, labels, references and events are the service's. A driver keeps the data. Each `mount` has an ID of its own, which its
 * `unmount` repeats; a driver may count by it. Everything that undoes may be called for what was never done, or twice.
 */
export interface DriverVolume {
  readonly name: string;
  /** '' when it is not mounted, or the driver does not tell. */
  readonly mountpoint: string;
  /** RFC 3339; '' when the driver does not tell. */
  readonly createdAt: string;
  readonly status: Readonly<Record<string, unknown>>;
}

export interface VolumeDriver {
  /** As records and clients see it: `local`, `nfs`, `vendor/plugin:latest`. */
  readonly name: string;
  scope(): Promise<'local' | 'global'>;
  /** @throws WharfError */
  create(name: string, options: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string): Promise<void>;
  /** @returns undefined when the driver has no such volume. @throws WharfError when it can not tell */
  get(name: string): Promise<DriverVolume | undefined>;
  list(): Promise<readonly DriverVolume[]>;
  /** Answers the path of the data on this host. @throws WharfError */
  mount(name: string, mountId: string): Promise<string>;
  unmount(name: string, mountId: string): Promise<void>;
}

/** Drivers of plugins, found and activated by name; handed to `createVolumeService` by the wiring. */
export interface VolumePlugins {
  /** @throws WharfError 'plugin.not-found' with Docker's text */
  volumeDriver(name: string): Promise<VolumeDriver>;
  /** Every volume driver that is there now. */
  volumeDrivers(): Promise<readonly VolumeDriver[]>;
}
