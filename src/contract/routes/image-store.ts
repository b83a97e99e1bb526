/** Wharf's own routes about the image store: whether it is whole, and lists of manifests. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import {
  ManifestAddRequest,
  ManifestAnnotateRequest,
  ManifestCreateRequest,
  ManifestDigest,
  ManifestDocument,
  ManifestListSummary,
  ManifestRemoveRequest,
} from '../types/image-store.ts';
import { ProgressMessage } from '../types/images.ts';

export const imageStoreRoutes = {
  ManifestLists: route({
    method: 'GET',
    path: '/wharf/manifests',
    since: '1.24',
    summary: 'Lists of manifests that are put together on this engine',
    response: 'json',
    result: s.list(ManifestListSummary),
  }),
  ManifestInspect: route({
    method: 'GET',
    path: '/wharf/manifests/{name:.*}/json',
    since: '1.24',
    summary: 'A list of manifests, or the manifest or index its registry has. Sign-ins come with X-Registry-Config',
    response: 'json',
    result: ManifestDocument,
  }),
  ManifestCreate: route({
    method: 'POST',
    path: '/wharf/manifests/{name:.*}/create',
    since: '1.24',
    summary: 'Make a list of manifests, of local images and images at registries',
    body: ManifestCreateRequest,
    response: 'json',
    result: ManifestDigest,
    status: 201,
  }),
  ManifestAdd: route({
    method: 'POST',
    path: '/wharf/manifests/{name:.*}/add',
    since: '1.24',
    summary: 'Add an image to a list of manifests',
    body: ManifestAddRequest,
    response: 'json',
    result: ManifestDigest,
  }),
  ManifestAnnotate: route({
    method: 'POST',
    path: '/wharf/manifests/{name:.*}/annotate',
    since: '1.24',
    summary: 'Change what a list says of one of its manifests, or of itself',
    body: ManifestAnnotateRequest,
    response: 'json',
    result: ManifestDigest,
  }),
  ManifestRemove: route({
    method: 'POST',
    path: '/wharf/manifests/{name:.*}/remove',
    since: '1.24',
    summary: 'Take an image off a list of manifests',
    body: ManifestRemoveRequest,
    response: 'json',
    result: ManifestDigest,
  }),
  ManifestPush: route({
    method: 'POST',
    path: '/wharf/manifests/{name:.*}/push',
    since: '1.24',
    summary: 'Push a list of manifests with its images. Sign-ins come with X-Registry-Config',
    query: s.partial({
      destination: s.described(s.string, 'Where to; by its own name unless told'),
      purge: s.described(s.boolean, 'Remove the list when it is there'),
    }),
    response: 'json-stream',
    result: ProgressMessage,
  }),
  ManifestDelete: route({
    method: 'DELETE',
    path: '/wharf/manifests/{name:.*}',
    since: '1.24',
    summary: 'Remove a list of manifests; images stay',
    response: 'empty',
    status: 204,
  }),
  ImageVerify: route({
    method: 'POST',
    path: '/wharf/images/verify',
    since: '1.24',
    summary:
      'Hash every blob again and compare unpacked layers with their blobs. Each finding comes as `aux` (VerifyFinding), the summary as the last (VerifySummary). Sign-ins for repairs come with X-Registry-Config',
    query: s.partial({
      names: s.described(s.list(s.string), 'Images to look at; all unless told'),
      repair: s.described(s.boolean, 'Fetch damaged and missing blobs again, and unpack damaged layers anew'),
      'blobs-only': s.described(s.boolean, 'Leave unpacked layers alone, which take the time'),
    }),
    response: 'json-stream',
    result: ProgressMessage,
  }),
} as const;
