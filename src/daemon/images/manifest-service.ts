/** What the API may ask about manifests: those at registries, and lists of them that are put together here. */
import type { ManifestDocument, ManifestListSummary } from '../../contract/engine-types.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RegistryAuth } from '../../registry/client/registry-client.ts';
import type { ProgressMessage } from './image-service.ts';
import type { EntryChanges } from './manifest-list.ts';

/** Who asks: credentials by a registry's domain. */
export interface ManifestAccess {
  readonly authFor: (domain: string) => RegistryAuth | undefined;
  readonly signal: AbortSignal;
}

/** What is taken of an index: one platform (this machine's unless told) or all. */
export interface EntryChoice {
  readonly platform?: Platform | undefined;
  readonly all: boolean;
}

export interface ManifestService {
  list(): readonly ManifestListSummary[];
  /** A list of that name, else what the registry has. @throws WharfError 'manifest.unknown' and of the registry client */
  inspect(name: string, access: ManifestAccess): Promise<ManifestDocument>;
  /** Each answers the digest the list has then. @throws WharfError 'request.conflict' when it is there and `amend` is not set */
  create(
    name: string,
    request: EntryChoice & { readonly images: readonly string[]; readonly amend: boolean },
    access: ManifestAccess,
  ): Promise<string>;
  add(name: string, image: string, request: EntryChoice & EntryChanges, access: ManifestAccess): Promise<string>;
  /** Of one entry; without an image the annotations of the list itself. */
  annotate(name: string, image: string | undefined, changes: EntryChanges): Promise<string>;
  remove(name: string, image: string): Promise<string>;
  push(
    name: string,
    destination: string | undefined,
    options: ManifestAccess & { readonly purge: boolean; readonly onProgress: (message: ProgressMessage) => void },
  ): Promise<void>;
  delete(name: string): Promise<void>;
}
