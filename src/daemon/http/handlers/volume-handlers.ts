/** Routes of volumes. */

import { WharfError } from '../../../contract/errors.ts';
import type { volumeRoutes } from '../../../contract/routes/volumes.ts';
import { compareVersions } from '../api-version.ts';
import type { HandlersFor } from '../handler.ts';
import { notASwarmManager } from './absent-handlers.ts';
import type { EngineServices } from './engine-services.ts';
import { filterMap } from './request-values.ts';

export function volumeHandlers({ volumes }: EngineServices): HandlersFor<keyof typeof volumeRoutes> {
  return {
    VolumeList: ({ query }) => volumes.list(filterMap(query.filters)),
    VolumeCreate: ({ body, apiVersion }) => {
      if (body?.ClusterVolumeSpec != null && compareVersions(apiVersion, '1.42') >= 0) throw notASwarmManager();
      return volumes.create(body ?? {});
    },
    VolumeInspect: ({ params }) => volumes.inspect(params.name),
    VolumeUpdate: () => {
      throw new WharfError('swarm.inactive', 'volume update only valid for cluster volumes, but swarm is unavailable', {
        hint: 'Volumes of one machine have nothing to update.',
      });
    },
    VolumeDelete: ({ params, query }) => volumes.remove(params.name, { force: query.force ?? false }),
    VolumePrune: ({ query, apiVersion }) => {
      const filters = new Map(filterMap(query.filters));
      // Before 1.42 prune took named volumes too; since then only with all=true (Engine API version history).
      if (compareVersions(apiVersion, '1.42') < 0) filters.set('all', [...(filters.get('all') ?? []), 'true']);
      return volumes.prune(filters);
    },
  };
}
