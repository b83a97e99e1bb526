/** For tests: layers that try to reach what is not theirs by names and links, and what becomes of each. */
import type { ErrorCode } from '../../contract/errors.ts';
import { rawEntry, rawTar } from './raw-tar.ts';
import { type SuiteEntry, tarOf } from './tar-fixture.ts';

export interface HostileLayer {
  readonly name: string;
  /** Of the layer below. */
  readonly below?: Buffer;
  readonly tar: Buffer;
  /** The merged tree (see tree-listing.ts), or how the layer is refused. */
  readonly outcome: readonly string[] | ErrorCode;
  /** Only overlay keeps it apart; the copying snapshotter has nothing to compare. */
  readonly overlayOnly?: boolean;
}

const link = (name: string, linkName: string): SuiteEntry => ({ name, type: 'symlink', linkName });
const hard = (name: string, linkName: string): SuiteEntry => ({ name, type: 'link', linkName });
const file = (name: string, content: string): SuiteEntry => ({ name, content });
const layer = (
  name: string,
  entries: readonly SuiteEntry[],
  outcome: HostileLayer['outcome'],
  below?: readonly SuiteEntry[],
): HostileLayer => ({ name, tar: tarOf(entries), outcome, ...(below === undefined ? {} : { below: tarOf(below) }) });

export const escapes: readonly HostileLayer[] = [
  layer('.. at the start', [file('../evil', 'x')], 'layer.unsafe'),
  layer('.. in the middle that climbs out', [file('a/../../evil', 'x')], 'layer.unsafe'),
  layer('.. in the middle that stays', [file('a/../b', 'x')], ['f b = "x"']),
  layer('an absolute name', [file('/tmp/evil', 'x')], ['d tmp', 'f tmp/evil = "x"']),
  layer(
    'below an absolute link of the same layer',
    [link('l', '/tmp'), file('l/evil', 'x')],
    ['d tmp', 'f tmp/evil = "x"', 'l l -> /tmp'],
  ),
  layer('below a link that climbs out', [link('l', '../../../tmp'), file('l/evil', 'x')], 'layer.unsafe'),
  layer(
    'below a link to a link that climbs out',
    [link('a', '..'), link('b', 'a'), file('b/evil', 'x')],
    'layer.unsafe',
  ),
  layer('below a loop of links', [link('a', 'b'), link('b', 'a'), file('a/evil', 'x')], 'layer.unsafe'),
  layer(
    '.. behind a link means the parent of its target',
    [{ name: 'x/y/' }, link('l', 'x/y'), link('up', 'l/../z'), { name: 'x/z/' }, file('up/f', '1')],
    ['d x', 'd x/y', 'd x/z', 'f x/z/f = "1"', 'l l -> x/y', 'l up -> l/../z'],
  ),
  layer('below a link of the layer under it', [file('l/evil', 'x')], ['d l', 'f l/evil = "x"'], [link('l', '/tmp')]),
  layer('through an existing link at the end', [link('l', '/etc/passwd'), file('l', 'mine')], ['f l = "mine"']),
  layer('over a link of the layer under it', [file('l', 'mine')], ['f l = "mine"'], [link('l', '/etc/passwd')]),
  layer('a root that is a file', [file('.', 'x')], 'layer.unsafe'),
  layer('a root that is a link', [link('./', '/etc')], 'layer.unsafe'),
  layer('a root whose attributes change', [{ name: './', mode: 0o700, uid: 7 }, file('f', 'x')], ['f f = "x"']),
  layer('a file below a file', [file('f', 'x'), file('f/evil', 'x')], 'layer.corrupt'),
  layer('a file below a file of the layer under it', [file('f/g', 'x')], ['d f', 'f f/g = "x"'], [file('f', 'below')]),
];

export const linkTricks: readonly HostileLayer[] = [
  layer('a hard link to outside', [hard('l', '../../../../etc/passwd')], 'layer.unsafe'),
  layer('a hard link by an absolute name', [hard('l', '/etc/passwd')], 'layer.corrupt'),
  layer('a hard link through a link', [link('e', '/etc'), hard('l', 'e/passwd')], 'layer.corrupt'),
  layer('a hard link to a folder', [{ name: 'd/' }, hard('l', 'd')], 'layer.corrupt'),
  layer('a hard link to the root', [hard('l', '.')], 'layer.unsafe'),
  layer('a hard link to itself', [file('l', 'x'), hard('l', 'l')], ['f l = "x"']),
  layer('a hard link to what comes later', [hard('l', 'f'), file('f', 'x')], 'layer.corrupt'),
  layer(
    'a hard link to a link',
    [link('s', '/etc/passwd'), hard('l', 's'), file('l', 'mine')],
    ['f l = "mine"', 'l s -> /etc/passwd'],
  ),
  layer(
    'a hard link to a file of the layer under it',
    [hard('l', 'f'), file('l2', 'x')],
    ['f f = "below" x2', 'f l = "below" x2', 'f l2 = "x"'],
    [file('f', 'below')],
  ),
  layer('a hard link to what this layer deletes', [file('.wh.f', ''), hard('l', 'f')], 'layer.corrupt', [
    file('f', 'below'),
  ]),
  layer(
    'a hard link into a folder this layer makes opaque',
    [{ name: 'd/' }, file('d/.wh..wh..opq', ''), hard('l', 'd/f')],
    'layer.corrupt',
    [file('d/f', 'below')],
  ),
  layer(
    'a link replaced by a folder',
    [link('d', '/tmp'), { name: 'd/' }, file('d/evil', 'x')],
    ['d d', 'f d/evil = "x"'],
  ),
  layer(
    'a folder replaced by a link, files below it after that',
    [{ name: 'd/' }, file('d/a', '1'), link('d', 'e'), { name: 'e/' }, file('d/b', '2')],
    ['d e', 'f e/b = "2"', 'l d -> e'],
  ),
  layer(
    'a folder replaced by a link, so that its time would be set behind the link',
    [{ name: 'd/' }, { name: 'd/srv/', mtime: 5 }, link('d', '/')],
    ['l d -> /'],
  ),
  layer(
    'a folder replaced by a file and made again',
    [{ name: 'd/' }, file('d/a', '1'), file('d', 'x'), { name: 'd/' }, file('d/b', '2')],
    ['d d', 'f d/b = "2"'],
  ),
  layer('a link of 4095 bytes', [link('l', 't'.repeat(4095))], [`l l -> ${'t'.repeat(20)}...(4095)`]),
  layer('a link of 5000 bytes', [link('l', 't'.repeat(5000))], 'layer.corrupt'),
  layer('a link to nothing', [link('l', '')], 'layer.corrupt'),
];

export const whiteouts: readonly HostileLayer[] = [
  layer('a whiteout of the parent', [file('a/.wh...', '')], 'layer.unsafe', [file('a/f', 'x')]),
  layer('a whiteout of the folder itself', [file('a/.wh..', '')], 'layer.unsafe', [file('a/f', 'x')]),
  layer('a whiteout of no name', [file('a/.wh.', '')], 'layer.unsafe', [file('a/f', 'x')]),
  layer('a whiteout of the root', [file('.wh..', '')], 'layer.unsafe', [file('f', 'x')]),
  layer(
    "AUFS's own files",
    [file('.wh..wh.aufs', ''), { name: '.wh..wh.plnk/' }, file('.wh..wh.plnk/1.2', 'x'), file('f', 'x')],
    ['f f = "x"'],
  ),
  layer(
    'an opaque folder that is a link of this layer',
    [{ name: 'real/' }, link('l', 'real'), file('l/.wh..wh..opq', '')],
    ['d real', 'l l -> real'],
    [file('real/below', 'x')],
  ),
  layer(
    'an opaque folder that is a link of the layer under it',
    [file('l/.wh..wh..opq', ''), file('l/f', 'x')],
    ['d l', 'd real', 'f l/f = "x"', 'f real/below = "x"'],
    [file('real/below', 'x'), link('l', 'real')],
  ),
  layer(
    'an opaque mark after what it must not hide',
    [file('d/new', '1'), file('d/.wh..wh..opq', '')],
    ['d d', 'f d/new = "1"'],
    [file('d/old', 'x')],
  ),
  layer('an opaque root', [file('.wh..wh..opq', ''), file('f', 'x')], ['f f = "x"'], [file('old', 'x')]),
  layer(
    'a whiteout and a file of the same name, in both orders',
    [file('.wh.a', ''), file('a', 'new'), file('b', 'new'), file('.wh.b', '')],
    ['f a = "new"', 'f b = "new"'],
    [file('a', 'old'), file('b', 'old')],
  ),
  layer(
    'a folder deleted and made again',
    [file('.wh.d', ''), { name: 'd/' }, file('d/new', 'x')],
    ['d d', 'f d/new = "x"'],
    [file('d/old', 'x')],
  ),
  layer('a whiteout of what is not there', [file('.wh.ghost', ''), file('f', 'x')], ['f f = "x"']),
  layer(
    'a whiteout below a link of the layer under it',
    [file('l/.wh.victim', '')],
    ['d l', 'd real', 'f real/victim = "x"'],
    [file('real/victim', 'x'), link('l', 'real')],
  ),
  layer(
    "overlay's own whiteout",
    [{ name: 'a', type: 'char', devMajor: 0, devMinor: 0 }, file('f', 'x')],
    ['f f = "x"'],
    [file('a', 'old')],
  ),
  {
    name: 'a whiteout that is a folder',
    below: tarOf([file('d/x', '1')]),
    tar: rawTar(rawEntry({ name: '.wh.d/', flag: '5' })),
    outcome: [],
  },
];
