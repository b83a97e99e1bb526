/** Routes of volumes. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import { Volume, VolumeCreateRequest, VolumeListResult, VolumePruneResult } from '../types/volumes.ts';

export const volumeRoutes = {
  VolumeList: route({
    method: 'GET',
    path: '/volumes',
    since: '1.24',
    summary: 'List volumes',
    query: s.partial({ filters: s.filters }),
    response: 'json',
    result: VolumeListResult,
  }),
  VolumeCreate: route({
    method: 'POST',
    path: '/volumes/create',
    since: '1.24',
    summary: 'Create a volume',
    body: VolumeCreateRequest,
    bodyOptional: true,
    response: 'json',
    result: Volume,
    status: 201,
  }),
  VolumeInspect: route({
    method: 'GET',
    path: '/volumes/{name}',
    since: '1.24',
    summary: 'Show a volume',
    response: 'json',
    result: Volume,
  }),
  VolumeUpdate: route({
    method: 'PUT',
    path: '/volumes/{name}',
    since: '1.42',
    summary: 'Update a cluster volume (only on a swarm manager)',
    response: 'empty',
  }),
  VolumeDelete: route({
    method: 'DELETE',
    path: '/volumes/{name}',
    since: '1.24',
    summary: 'Remove a volume',
    query: s.partial({ force: s.boolean }),
    response: 'empty',
    status: 204,
  }),
  VolumePrune: route({
    method: 'POST',
    path: '/volumes/prune',
    since: '1.25',
    summary: 'Remove volumes no container uses',
    query: s.partial({ filters: s.filters }),
    response: 'json',
    result: VolumePruneResult,
  }),
} as const;
