/** A registry client whose configuration can be replaced while the daemon runs (SIGHUP). */
import type { RegistryClient } from '../registry/client/registry-client.ts';

export interface RegistrySwitch extends RegistryClient {
  /** Calls from now on go to the new one; those under way end on the old one. */
  replace(next: RegistryClient): void;
}

export function createRegistrySwitch(first: RegistryClient): RegistrySwitch {
  let current = first;
  return {
    replace(next) {
      current = next;
    },
    fetchManifest: (...args) => current.fetchManifest(...args),
    fetchBlob: (...args) => current.fetchBlob(...args),
    referrers: (...args) => current.referrers(...args),
    blobExists: (...args) => current.blobExists(...args),
    pushBlob: (...args) => current.pushBlob(...args),
    pushManifest: (...args) => current.pushManifest(...args),
    login: (...args) => current.login(...args),
    tags: (...args) => current.tags(...args),
    search: (...args) => current.search(...args),
    relay: (...args) => current.relay(...args),
  };
}
