import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ContainerConfig, EndpointSettings, HostConfig } from '../../contract/engine-types.ts';

/** A mount as resolved at create time; `destination` is absolute and clean. */
export type MountRecord =
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly destination: string;
      readonly readOnly: boolean;
      /** rprivate, private, rshared, shared, rslave, slave */
      readonly propagation: string;
      readonly recursive: boolean;
      /** -v makes a missing source directory at start, --mount refuses. */
      readonly createSource: boolean;
      /** The mode field as the user gave it ('ro,z'); inspect shows it. */
      readonly mode: string;
      /** What is mounted below a read-only source: 'if-possible' read-only too (the default), 'never', or 'must' be. */
      readonly recursiveReadOnly?: 'if-possible' | 'never' | 'must';
      /** It reaches into the data root or around it, and the user said nothing: then rslave, where the host allows it. */
      readonly aroundDataRoot?: boolean;
      /** Options that contradict each other, which Docker finds at the start only. */
      readonly conflict?: string;
    }
  | {
      readonly kind: 'volume';
      readonly name: string;
      readonly driver: string;
      readonly destination: string;
      readonly readOnly: boolean;
      /** Fill an empty volume with the image's content at the destination. */
      readonly copyContent: boolean;
      /** Below the volume's root; '' for all of it. */
      readonly subpath: string;
      /** Made without a name for this container: goes with it on `rm -v` and --rm. */
      readonly anonymous: boolean;
      readonly mode: string;
    }
  | {
      readonly kind: 'image';
      /** As the user gave it. */
      readonly reference: string;
      /** Digest of its config. */
      readonly imageId: string;
      readonly topLayer: string | undefined;
      /** Of its snapshot: the container's ID, a dot, and more. */
      readonly snapshotKey: string;
      /** Where the snapshot is mounted on this host. */
      readonly source: string;
      readonly destination: string;
      readonly readOnly: true;
      readonly subpath: string;
    }
  | {
      readonly kind: 'tmpfs';
      readonly destination: string;
      readonly readOnly: boolean;
      /** Options for mount(2) beyond the defaults, such as 'size=64k'. */
      readonly options: readonly string[];
      /** Given by --tmpfs, which inspect shows in HostConfig.Tmpfs instead of Mounts. */
      readonly fromTmpfsMap: boolean;
    };

/** What a container is, apart from its state. Stored as JSON; changed only by rename, update and network connect. */
export interface ContainerRecord {
  readonly id: string;
  /** Without the leading slash the API shows. */
  readonly name: string;
  readonly createdAtMs: number;
  /** `sha256:...` of the image's config. */
  readonly imageId: string;
  /** Chain ID the root is built on. */
  readonly topLayer: string | undefined;
  /** Merged with the image's. `Image` stays as the user gave it. */
  readonly config: ContainerConfig;
  /** With defaults filled in. */
  readonly hostConfig: HostConfig;
  /** Entrypoint and command together; never empty. */
  readonly args: readonly string[];
  readonly mounts: readonly MountRecord[];
  /** Its volumes and mounted images are being made: a daemon that finds this undoes the create. */
  readonly incomplete?: true;
  /** Its removal takes the volumes that are its alone with it. */
  readonly removeVolumes?: true;
  /** Networks to join at start, by name, with what the user wants there. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
}

/** 64 hexadecimal digits. Docker never makes one whose first twelve are all decimal: they would be a bad hostname. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d{12}/.test(id)) return id;
  }
}

/**
 *     <data-root>/containers/<id>/container.log    output, written by conmon
 *                                /hosts, resolv.conf, hostname
 */
export function containerDir(dataRoot: string, id: string): string {
  return join(dataRoot, 'containers', id);
}

export function logPath(dataRoot: string, id: string): string {
  return join(containerDir(dataRoot, id), 'container.log');
}
