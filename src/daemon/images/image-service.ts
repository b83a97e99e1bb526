/**
 * What the rest of the daemon may ask of the images. Implemented in this folder; HTTP handlers and `containers/` use it.
 * API shapes come from contract/engine-types.ts.
 */
import type { Readable } from 'node:stream';
import type {
  HistoryItem,
  ImageDeleteItem,
  ImageInspect,
  ImagePruneResult,
  ImageSummary,
  VerifySummary,
} from '../../contract/engine-types.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RegistryAuth } from '../../registry/client/registry-client.ts';
import type { ManifestService } from './manifest-service.ts';

/** The `config` part of an OCI image config, as Docker extends it. */
export interface ImageRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>> | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[] | null;
  readonly Healthcheck?: {
    readonly Test?: readonly string[];
    /** Nanoseconds, as in the image. */
    readonly Interval?: number;
    readonly Timeout?: number;
    readonly StartPeriod?: number;
    readonly StartInterval?: number;
    readonly Retries?: number;
  };
}

export interface LocalImage {
  /** Digest of the config: Docker's image ID, `sha256:...`. */
  readonly id: string;
  readonly platform: Platform;
  readonly config: ImageRunConfig;
  /** Chain ID of the topmost layer; undefined when the image has none. */
  readonly topLayer: string | undefined;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
}

/** One line of Docker's progress stream (JSONMessage). */
export interface ProgressMessage {
  /** A finished line of its own, with its line end. */
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly aux?: unknown;
}

export interface PullOptions {
  readonly platform?: Platform;
  /** Keeps the index with all its images; `platform` says which of them is unpacked at once. */
  readonly allPlatforms?: boolean;
  readonly auth?: RegistryAuth;
  readonly signal: AbortSignal;
  /** Called for each progress line, in the order Docker sends them. */
  readonly onProgress: (message: ProgressMessage) => void;
}

export interface PushOptions {
  /** Of an index only the image of this platform. */
  readonly platform?: Platform;
  readonly auth?: RegistryAuth;
  readonly signal: AbortSignal;
  readonly onProgress: (message: ProgressMessage) => void;
}

export interface VerifyOptions {
  /** Names, IDs; none means all images. */
  readonly names: readonly string[];
  readonly repair: boolean;
  /** Only blobs; unpacked layers are not looked at. */
  readonly blobsOnly: boolean;
  /** Credentials for a registry, by its domain. */
  readonly authFor: (domain: string) => RegistryAuth | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (message: ProgressMessage) => void;
}

export interface LoadOptions {
  /** No progress lines but the last ones. */
  readonly quiet: boolean;
  readonly platform?: Platform;
  readonly signal: AbortSignal;
  readonly onProgress: (message: ProgressMessage) => void;
}

export interface ImportRequest {
  /** A tar, packed or not, or where to fetch one: an http or https URL. */
  readonly source: Readable | URL;
  readonly reference: string | undefined;
  readonly message: string;
  /** Dockerfile instructions that change the config. */
  readonly changes: readonly string[];
  readonly platform?: Platform;
  readonly signal: AbortSignal;
  readonly onProgress: (message: ProgressMessage) => void;
}

export interface ImageService {
  /** Manifests at registries, and lists of them that are put together here. */
  readonly manifests: ManifestService;
  /** A local image by name, digest, ID or unique ID prefix. @throws WharfError 'image.ambiguous' */
  find(nameOrId: string): LocalImage | undefined;
  /** As `find`. @throws WharfError 'image.not-found' with Docker's text "No such image: x" */
  get(nameOrId: string): LocalImage;
  /**
   * As `get`, of this platform where the name stands for a held index; unpacked now if it never was.
   * @throws WharfError 'image.not-found' | 'image.no-platform'
   */
  getPlatform(nameOrId: string, platform: Platform, options: { readonly signal: AbortSignal }): Promise<LocalImage>;
  /** Whether this name stands for the image, as itself or as one of the platforms of its index. */
  isNamed(reference: string, imageId: string): boolean;
  /** IDs of the images that were made of this one (commit, builds), of those made of them, and so on. */
  descendants(imageId: string): readonly string[];
  pull(reference: string, options: PullOptions): Promise<LocalImage>;
  push(reference: string, options: PushOptions): Promise<void>;
  list(query: {
    all: boolean;
    filters: ReadonlyMap<string, readonly string[]>;
    sharedSize: boolean;
    /** Tells the manifests of each image. */
    manifests?: boolean;
  }): Promise<readonly ImageSummary[]>;
  /** @throws WharfError 'image.not-found' | 'image.no-platform' */
  inspect(
    nameOrId: string,
    options?: { readonly platform?: Platform; readonly manifests?: boolean },
  ): Promise<ImageInspect>;
  history(nameOrId: string, options?: { readonly platform?: Platform }): Promise<readonly HistoryItem[]>;
  tag(nameOrId: string, target: string): Promise<void>;
  /** With `platforms` only these of a held index. */
  remove(
    nameOrId: string,
    options: { force: boolean; noPrune: boolean; platforms?: readonly Platform[] },
  ): Promise<readonly ImageDeleteItem[]>;
  prune(filters: ReadonlyMap<string, readonly string[]>): Promise<ImagePruneResult>;
  /** Hashes blobs again and compares unpacked layers with them; see verify-images.ts. */
  verify(options: VerifyOptions): Promise<VerifySummary>;
  /** Bytes all layers take on disk. */
  layersSizeBytes(): Promise<number>;
  /** `docker save`: names, repositories or IDs as one archive. Throws before the first byte, or through the stream. */
  save(
    names: readonly string[],
    options: { readonly platforms?: readonly Platform[]; readonly signal: AbortSignal },
  ): Promise<Readable>;
  /** `docker load`: the images of an archive of `docker save` or of an OCI layout, packed or not. */
  load(archive: Readable, options: LoadOptions): Promise<void>;
  /** `docker import`: an image of one layer out of a root file system; answers its ID. */
  importRoot(request: ImportRequest): Promise<string>;
  /** Makes an image out of a container's changes (docker commit); answers its ID. */
  commit(request: {
    readonly baseImageId: string;
    readonly snapshotKey: string;
    readonly reference: string | undefined;
    readonly config: ImageRunConfig;
    readonly author: string;
    readonly comment: string;
    readonly signal: AbortSignal;
  }): Promise<string>;
}

/** How the images learn whether one is in use; containers/ answers. */
export interface ImageUsers {
  /** Containers created from this image ID. */
  usersOf(imageId: string): readonly { readonly containerId: string; readonly running: boolean }[];
}
