/** Puts the parts of `wharf manifest` together. Changes of one list come one after the other, each stored before it is answered. */
import { raise, WharfError } from '../../contract/errors.ts';
import { maxManifestBytes } from '../../oci/manifest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { canonical, familiar, parseNamed, parseReference } from '../../oci/reference.ts';
import type { Lease } from '../content/content-store.ts';
import type { ImageParts } from './image-parts.ts';
import { entriesFor } from './list-entries.ts';
import {
  changed,
  entryOf,
  indexOfList,
  type ListEntry,
  type ManifestList,
  withChanges,
  withEntries,
  withoutEntry,
} from './manifest-list.ts';
import type { EntryChoice, ManifestAccess, ManifestService } from './manifest-service.ts';
import { pushList } from './push-list.ts';

export function createManifestService(parts: ImageParts): ManifestService {
  const { lists } = parts;
  const get = (name: string): ManifestList =>
    lists.get(listName(name)) ??
    raise(
      new WharfError('manifest.unknown', `no such manifest list: ${name}`, {
        hint: 'List them with `wharf manifest ls`.',
      }),
    );
  const store = (list: ManifestList): string => {
    lists.set(list);
    return indexOfList(list).digest;
  };
  /** Looks the images up first: the list is read when they are here, so that changes meanwhile count. */
  const bring = async (names: readonly string[], choice: EntryChoice, access: ManifestAccess, lease: Lease) => {
    const entries: ListEntry[] = [];
    for (const name of names) entries.push(...(await entriesFor(parts, name, choice, access, lease)));
    return entries;
  };

  return {
    list: () =>
      lists.all().map((list) => ({
        Name: familiar(parseNamed(list.name)),
        Digest: indexOfList(list).digest,
        Sources: list.entries.map(({ source }) => familiar(parseNamed(source))),
        Platforms: list.entries.map(({ manifest }) =>
          formatPlatform(manifest.platform ?? { os: 'unknown', architecture: 'unknown' }),
        ),
      })),
    async inspect(name, { authFor, signal }) {
      const list = lists.get(listName(name));
      if (list !== undefined) {
        const { mediaType, bytes, digest } = indexOfList(list);
        const Document = bytes.toString('utf8');
        return {
          Name: familiar(parseNamed(list.name)),
          Origin: 'list',
          MediaType: mediaType,
          Digest: digest,
          Size: bytes.length,
          Document,
        };
      }
      const reference = parseReference(name);
      const { descriptor, bytes } = await parts.registry.fetchManifest(reference, {
        auth: authFor(reference.domain),
        signal,
      });
      if (bytes.byteLength > maxManifestBytes)
        throw new WharfError('manifest.invalid', `the manifest of ${name} is too large`);
      return {
        Name: familiar(reference),
        Origin: 'registry',
        MediaType: descriptor.mediaType,
        Digest: descriptor.digest,
        Size: bytes.byteLength,
        Document: Buffer.from(bytes).toString('utf8'),
      };
    },
    async create(name, { images, amend, ...choice }, access) {
      const key = listName(name);
      if (key.includes('@')) throw new WharfError('reference.invalid', 'a manifest list can not be named by a digest');
      const refuse = () => {
        if (amend || lists.get(key) === undefined) return;
        throw new WharfError('request.conflict', `the manifest list ${familiar(parseNamed(key))} already exists`, {
          hint: 'Add to it with --amend, or remove it with `wharf manifest rm`.',
        });
      };
      refuse();
      using lease = parts.content.lease();
      const entries = await bring(images, choice, access, lease);
      refuse();
      return store(withEntries(lists.get(key) ?? { name: key, annotations: {}, entries: [] }, entries));
    },
    async add(name, image, { platform, all, ...changes }, access) {
      get(name);
      using lease = parts.content.lease();
      const entries = await bring([image], { platform, all }, access, lease);
      return store(
        withEntries(
          get(name),
          entries.map((entry) => changed(entry, changes)),
        ),
      );
    },
    async annotate(name, image, changes) {
      const list = get(name);
      if (image !== undefined) return store(withChanges(list, entryOf(list, image), changes));
      return store({ ...list, annotations: { ...list.annotations, ...changes.annotations } });
    },
    async remove(name, image) {
      const list = get(name);
      const digest = store(withoutEntry(list, entryOf(list, image)));
      await parts.garbage.collect();
      return digest;
    },
    async push(name, destination, options) {
      const list = get(name);
      if (list.entries.length === 0) throw new WharfError('request.invalid', `the manifest list ${name} is empty`);
      const target = parseReference(destination ?? list.name);
      if (target.digest !== undefined) throw new WharfError('request.invalid', 'cannot push to a digest reference');
      await pushList(parts, list, target, options);
      if (!options.purge) return;
      lists.delete(list.name);
      await parts.garbage.collect();
    },
    async delete(name) {
      lists.delete(get(name).name);
      await parts.garbage.collect();
    },
  };
}

/** A digest can be no list's name: it gets one by being pushed. @throws WharfError 'reference.invalid' */
function listName(name: string): string {
  return canonical(parseReference(name));
}
