/** Puts content into a registry by the plain distribution API: what is measured is not the client of any subject. */
import { createHash } from 'node:crypto';

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** @param repository its URL: `http://HOST/v2/NAME` */
export async function putBlob(repository: string, blob: Uint8Array): Promise<void> {
  const begun = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', repository);
  place.searchParams.set('digest', digestOf(blob));
  await accepted(fetch(place, { method: 'PUT', body: new Uint8Array(blob) }));
}

export async function putManifest(
  repository: string,
  tag: string,
  manifest: { readonly mediaType: string; readonly [field: string]: unknown },
): Promise<void> {
  const headers = { 'content-type': manifest.mediaType };
  const body = JSON.stringify(manifest);
  await accepted(fetch(`${repository}/manifests/${tag}`, { method: 'PUT', headers, body }));
}

async function accepted(answering: Promise<Response>): Promise<void> {
  const answer = await answering;
  if (!answer.ok) throw new Error(`the registry refuses: ${answer.status} ${await answer.text()}`);
}
