/**
 * Patterns of repositories: `registry.example:5000/team/*`, `docker.io/library/busybox`, `ghcr.io/**`, `**`. `*` stands for
 * any part of one segment, `**` for any number of segments. Always with the registry's host: a short name would mean one
 * repository to docker and another to its reader.
 */
import { WharfError } from '../../contract/errors.ts';

export interface RepositoryPattern {
  readonly text: string;
  /** @param name canonical: `docker.io/library/busybox` */
  matches(name: string): boolean;
}

const maxLength = 512;
const hostForm = /^(?:[a-zA-Z0-9._:[\]-]|\*)+$/;
/** Without tags, and lower-case as repositories are: others would never match. */
const segmentForm = /^(?:[a-z0-9._-]|\*)+$/;

/** @throws WharfError 'trust.policy-broken' */
export function parseRepositoryPattern(text: string): RepositoryPattern {
  const broken = (why: string, hint?: string) =>
    new WharfError('trust.policy-broken', `the pattern ${JSON.stringify(text.slice(0, 200))} ${why}`, { hint });
  const segments = text.split('/');
  const [host = ''] = segments;
  const isFormed = hostForm.test(host) && segments.slice(1).every((segment) => segmentForm.test(segment));
  if (text.length > maxLength || !isFormed) throw broken('is not one of repositories: HOST[:PORT]/PATH with * and **');
  if (segments.some((segment) => segment !== '**' && segment.includes('**')))
    throw broken('has ** beside other letters; it stands for whole segments');
  if (!/[.:*]/.test(host) && host !== 'localhost')
    throw broken('has no registry in front', `Write docker.io/${segments.length === 1 ? 'library/' : ''}${text}.`);
  if (host === 'index.docker.io' || (host === 'docker.io' && segments.length === 2 && segments[1] !== '**'))
    throw broken(
      'never matches: Docker Hub is docker.io, and its official images are below library/',
      `Write docker.io/${segments.length === 2 ? 'library/' : ''}${segments.slice(1).join('/')}.`,
    );
  const form = new RegExp(`^${expression(segments)}$`);
  return { text, matches: (name) => form.test(name) };
}

function expression(segments: readonly string[]): string {
  return segments
    .map((segment, at) => {
      const slash = at === 0 ? '' : '/';
      // `a/**` is about what lies below `a`, so at least one segment.
      if (segment === '**') return `${slash}[^/]+(?:/[^/]+)*`;
      return slash + segment.replace(/[.[\]]/g, '\\$&').replaceAll('*', '[^/]*');
    })
    .join('');
}
