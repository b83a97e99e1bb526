import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { type PlannedManifest, planDeletion } from './deletion-plan.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const blob = (letter: string, size: number, mediaType: string = mediaTypes.ociLayerGzip) => ({
  mediaType,
  digest: digest(letter),
  size,
});

function image(own: string, layers: readonly (readonly [string, number])[], referrers: readonly string[] = []) {
  const document = parseManifest(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: blob('c', 10, mediaTypes.ociConfig),
      layers: layers.map(([letter, size]) => blob(letter, size)),
    }),
  );
  return { digest: digest(own), sizeBytes: 1, document, referrers: referrers.map(digest) };
}

function index(own: string, children: readonly string[]): PlannedManifest {
  const document = parseManifest(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: children.map((letter) => blob(letter, 1, mediaTypes.ociManifest)),
    }),
  );
  return { digest: digest(own), sizeBytes: 1, document, referrers: [] };
}

function picture(tags: Readonly<Record<string, string>>, manifests: readonly PlannedManifest[]) {
  return {
    tags: new Map(Object.entries(tags).map(([tag, letter]) => [tag, digest(letter)])),
    manifests: new Map(manifests.map((manifest) => [manifest.digest, manifest])),
  };
}

describe('the plan of a deletion', () => {
  test('a name that shares its image with another frees nothing and takes the name only', () => {
    const plan = planDeletion(picture({ latest: '1', '1.0': '1' }, [image('1', [['a', 500]])]), 'latest');
    expect(plan).toEqual({ references: ['latest'], tags: ['latest'], freedBytes: 0, manifestCount: 0 });
  });

  test('the last name takes the image; layers that another image has stay', () => {
    const both = picture({ old: '1', new: '2' }, [
      image('1', [
        ['a', 500],
        ['b', 70],
      ]),
      image('2', [['a', 500]]),
    ]);
    const plan = planDeletion(both, 'old');
    expect(plan.references).toEqual([digest('1')]);
    // The manifest's own byte and layer b; layer a and the config are shared.
    expect(plan.freedBytes).toBe(71);
  });

  test('an index takes along the manifests nobody else lists, itself first', () => {
    const shared = picture({ all: 'e', amd64: '1' }, [
      index('e', ['1', '2']),
      image('1', [['a', 500]]),
      image('2', [['b', 300]]),
    ]);
    const plan = planDeletion(shared, 'all');
    expect(plan.references).toEqual([digest('e'), digest('2')]);
    expect(plan.freedBytes).toBe(302);
  });

  test('signatures go with what they sign', () => {
    const signed = picture({ latest: '1' }, [image('1', [['a', 500]], ['5']), image('5', [['d', 20]])]);
    const plan = planDeletion(signed, 'latest');
    expect(plan.references).toEqual([digest('1'), digest('5')]);
    expect(plan).toMatchObject({ manifestCount: 2, freedBytes: 532 });
  });

  test('by digest it goes with all its names', () => {
    const plan = planDeletion(picture({ latest: '1', '1.0': '1' }, [image('1', [['a', 500]])]), digest('1'));
    expect(plan.tags).toEqual(['latest', '1.0']);
    expect(plan.freedBytes).toBe(511);
  });
});
