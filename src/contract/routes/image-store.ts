/** Wharf's own routes about the image store: whether it is whole, and lists of manifests. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import { ProgressMessage } from '../types/images.ts';

export const imageStoreRoutes = {
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
