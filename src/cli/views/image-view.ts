import type { ImageSummary } from '../../contract/engine-types.ts';
import { familiarName, parseNamed } from '../../oci/reference.ts';
import { goTime } from '../format/created-at.ts';
import { humanDuration } from '../format/durations.ts';
import type { ListView, Row } from '../format/list-view.ts';
import { humanSize } from '../format/sizes.ts';
import { shortId } from '../format/table.ts';

const headers = {
  Containers: 'CONTAINERS',
  CreatedAt: 'CREATED AT',
  CreatedSince: 'CREATED',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  SharedSize: 'SHARED SIZE',
  Size: 'SIZE',
  Tag: 'TAG',
  UniqueSize: 'UNIQUE SIZE',
  VirtualSize: 'SIZE',
} as const;

export function imageView(withDigest: boolean): ListView {
  const names = ['Repository', 'Tag', ...(withDigest ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'];
  return {
    table: names.map((name) => `{{.${name}}}`).join('\t'),
    quiet: '{{.ID}}',
    raw: `repository: {{.Repository}}\ntag: {{.Tag}}\n${withDigest ? 'digest: {{.Digest}}\n' : ''}image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n`,
    headers,
  };
}

export interface ImageRowOptions {
  readonly truncate: boolean;
  readonly digests: boolean;
  readonly nowMs: number;
}

/** Rows of one image: one a tag, one a digest without a tag, one `<none>` when it has neither. */
export function imageRows(image: ImageSummary, options: ImageRowOptions): Row[] {
  const tags = byRepository(image.RepoTags, '<none>:<none>');
  const digests = byRepository(image.RepoDigests, '<none>@<none>');
  if (tags.size === 0 && digests.size === 0) return [row(image, '<none>', '<none>', '<none>', options)];
  const rows: Row[] = [];
  for (const [repository, names] of tags) {
    const own = digests.get(repository) ?? [];
    digests.delete(repository);
    const shown = options.digests && own.length > 0 ? own : ['<none>'];
    for (const tag of names) for (const digest of shown) rows.push(row(image, repository, tag, digest, options));
  }
  for (const [repository, own] of digests) {
    for (const digest of options.digests ? own : ['<none>'])
      rows.push(row(image, repository, '<none>', digest, options));
  }
  return rows;
}

/** Tags or digests by familiar repository name. */
function byRepository(references: readonly string[] | null, none: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const text of references ?? []) {
    if (text === none) continue;
    try {
      const reference = parseNamed(text);
      const name = familiarName(reference);
      const selector = reference.digest ?? reference.tag;
      if (selector !== undefined) found.set(name, [...(found.get(name) ?? []), selector]);
    } catch {
      // A name this client can not read is not worth losing the list for; docker leaves it out as well.
    }
  }
  return found;
}

function row(image: ImageSummary, repository: string, tag: string, digest: string, options: ImageRowOptions): Row {
  const createdMs = image.Created * 1000;
  const shared = image.SharedSize;
  return {
    Containers: image.Containers === -1 ? 'N/A' : String(image.Containers),
    CreatedAt: goTime(createdMs),
    CreatedSince: image.Created > 0 ? `${humanDuration(options.nowMs - createdMs)} ago` : 'N/A',
    Digest: digest,
    ID: options.truncate ? shortId(image.Id) : image.Id,
    Repository: repository,
    SharedSize: shared === -1 ? 'N/A' : humanSize(shared),
    Size: humanSize(image.Size, 3),
    Tag: tag,
    UniqueSize: shared === -1 || image.Size === -1 ? 'N/A' : humanSize(image.Size - shared),
    VirtualSize: humanSize(image.Size),
  };
}
