/** The drivers `host` and `null`: one network each, without interfaces. */
import { WharfError } from '../../contract/errors.ts';
import type { NetworkDriver } from './network-driver.ts';
import { noRoutes } from './network-store.ts';

export function plainDriver(name: 'host' | 'null'): NetworkDriver {
  return {
    name,
    scope: 'local',
    kind: name,
    publishesPorts: false,
    ownMac: false,
    checkOptions() {
      // Docker has exactly one of each, and so do we.
      throw new WharfError('network.predefined', `only one instance of "${name}" network is allowed`);
    },
    skipsGateway: () => true,
    define: (draft) => draft,
    createNetwork: async () => undefined,
    restoreNetwork: async () => undefined,
    removeNetwork: async () => undefined,
    plugIn() {
      throw new WharfError('internal', `the network driver ${name} has no interfaces`);
    },
    routes: () => noRoutes,
  };
}
