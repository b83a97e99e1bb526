/** For tests: layers that are odd, broken or huge as archives, and what becomes of each. */
import type { HostileLayer } from './hostile-paths.ts';
import { gnuLong, paxHeader, rawEntry, rawTar } from './raw-tar.ts';
import { type SuiteEntry, tarOf } from './tar-fixture.ts';

const layer = (name: string, tar: Buffer, outcome: HostileLayer['outcome'], below?: Buffer): HostileLayer => ({
  name,
  tar,
  outcome,
  ...(below === undefined ? {} : { below }),
});
const described = (name: string, entries: readonly SuiteEntry[], outcome: HostileLayer['outcome']): HostileLayer =>
  layer(name, tarOf(entries), outcome);
const f = rawEntry({ name: 'f', content: 'x' });
const plain = ['f f = "x"'];

export const headers: readonly HostileLayer[] = [
  layer(
    'a pax header that is broken',
    rawTar(rawEntry({ name: 'p', flag: 'x', content: '99 path=x\n' }), f),
    'layer.corrupt',
  ),
  layer(
    'a pax record of no length',
    rawTar(rawEntry({ name: 'p', flag: 'x', content: 'path=x\n' }), f),
    'layer.corrupt',
  ),
  layer(
    'a pax header of more than a MiB',
    rawTar(paxHeader([['comment', Buffer.alloc(1 << 20, 'x')]]), f),
    'layer.corrupt',
  ),
  layer(
    'a pax header said to be of 8 GiB',
    rawTar(rawEntry({ name: 'p', flag: 'x', size: 2 ** 33 - 1 }), f),
    'layer.corrupt',
  ),
  layer(
    'pax headers one after the other: the last one counts',
    rawTar(
      paxHeader([
        ['path', 'first'],
        ['uid', '7'],
      ]),
      paxHeader([['path', 'second']]),
      f,
    ),
    ['f second = "x"'],
  ),
  layer('a pax name with a zero byte', rawTar(paxHeader([['path', 'a\0b']]), f), 'layer.corrupt'),
  layer('an empty pax name', rawTar(paxHeader([['path', '']]), f), plain),
  layer(
    'global pax headers change nothing',
    rawTar(
      paxHeader(
        [
          ['path', '../../evil'],
          ['uid', '9'],
        ],
        'g',
      ),
      f,
    ),
    plain,
  ),
  layer(
    'a global pax header that is broken',
    rawTar(rawEntry({ name: 'p', flag: 'g', content: 'nonsense' }), f),
    plain,
  ),
  layer('a long name of GNU', rawTar(gnuLong('L', `d/${'n'.repeat(200)}`), f), [
    `d d`,
    `f d/${'n'.repeat(18)}...(202) = "x"`,
  ]),
  layer('a long name of GNU that climbs out', rawTar(gnuLong('L', `${'../'.repeat(50)}evil`), f), 'layer.unsafe'),
  layer('a name of 255 bytes', tarOf([{ name: 'n'.repeat(255) }]), [`f ${'n'.repeat(20)}...(255)`]),
  layer('a name of 256 bytes', tarOf([{ name: 'n'.repeat(256) }]), 'layer.corrupt'),
  layer('a path of 5000 bytes', tarOf([{ name: 'n/'.repeat(2500) }]), 'layer.corrupt'),
  layer('a path of 900,000 bytes', rawTar(paxHeader([['path', 'n/'.repeat(450_000)]]), f), 'layer.corrupt'),
  layer('a name that is no UTF-8', rawTar(rawEntry({ name: Buffer.from([0x66, 0xff, 0xfe]), content: 'x' })), [
    'f f\ufffd\ufffd = "x"',
  ]),
  layer('an empty name', rawTar(rawEntry({ name: '' })), 'layer.corrupt'),
  layer(
    'a wrong checksum',
    rawTar(Buffer.concat([f.subarray(0, 5), Buffer.from('y'), f.subarray(6)])),
    'layer.corrupt',
  ),
  layer('an unknown type', rawTar(rawEntry({ name: 's', flag: 'Q' })), 'layer.corrupt'),
  layer('a size that is no number', rawTar(rawEntry({ name: 'f', over: [[124, 'zzzzzzzzzzz']] })), 'layer.corrupt'),
  layer('a negative size', rawTar(rawEntry({ name: 'f', over: [[124, Buffer.alloc(12, 0xff)]] })), 'layer.corrupt'),
  layer('a size of 2^62', rawTar(rawEntry({ name: 'f', over: [[124, base256(2n ** 62n)]] })), 'layer.corrupt'),
  layer('a pax size beyond all', rawTar(paxHeader([['size', '9'.repeat(400)]]), f), 'layer.corrupt'),
  layer('a size in base 256', rawTar(rawEntry({ name: 'f', content: 'x', over: [[124, base256(1n)]] })), plain),
  layer(
    'an archive cut in a file',
    tarOf([{ name: 'f', content: 'x'.repeat(2000) }]).subarray(0, 1500),
    'layer.corrupt',
  ),
  layer('an archive cut in a header', tarOf([{ name: 'f' }]).subarray(0, 300), 'layer.corrupt'),
  layer('an archive without its end', f, plain),
  layer('an empty archive', Buffer.alloc(1024), []),
  layer('something behind the end', Buffer.concat([rawTar(f), tarOf([{ name: 'evil' }])]), plain),
  layer('no archive', Buffer.from('<html>'.repeat(500)), 'layer.corrupt'),
];

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const y = Buffer.from('y');

export const attributes: readonly HostileLayer[] = [
  described(
    'names that differ in case only',
    [
      { name: 'A', content: '1' },
      { name: 'a', content: '2' },
    ],
    ['f A = "1"', 'f a = "2"'],
  ),
  described(
    'the same name again and again',
    [
      { name: 'f', content: '1' },
      { name: './f', content: '2' },
      { name: 'd/../f', content: '3', mode: 0o600 },
    ],
    ['f f = "3" 600'],
  ),
  described(
    'devices and pipes',
    [
      { name: 'null', type: 'char', devMajor: 1, devMinor: 3, mode: 0o666 },
      { name: 'disk', type: 'block', devMajor: 8, devMinor: 300, mode: 0o600 },
      { name: 'pipe', type: 'fifo' },
    ],
    ['b disk 8,300 600', 'c null 1,3 666', 'p pipe'],
  ),
  described(
    'setuid and sticky bits, kept over the change of owner',
    [
      { name: 'su', content: 'x', mode: 0o6755, uid: 5, gid: 6 },
      { name: 't/', mode: 0o1777 },
    ],
    ['d t 1777', 'f su = "x" 6755 5:6'],
  ),
  described(
    'capabilities and user attributes',
    [
      {
        name: 'f',
        content: 'x',
        uid: 5,
        xattrs: new Map([
          ['security.capability', capability],
          ['user.k', y],
        ]),
      },
    ],
    [`f f = "x" 5:0 [security.capability=${capability.toString('hex')}] [user.k=79]`],
  ),
  described(
    "overlay's own attributes are never taken",
    [
      {
        name: 'd/',
        xattrs: new Map([
          ['trusted.overlay.opaque', y],
          ['user.overlay.opaque', y],
        ]),
      },
      { name: 'r/', xattrs: new Map([['trusted.overlay.redirect', Buffer.from('/secret')]]) },
      { name: 'f', content: 'x', xattrs: new Map([['trusted.overlay.metacopy', Buffer.alloc(4)]]) },
    ],
    ['d d', 'd r', 'f f = "x"'],
  ),
  layer(
    'an attribute with a zero byte in its name',
    rawTar(paxHeader([['SCHILY.xattr.trusted.overlay.opaque\0', 'y']]), f),
    'layer.corrupt',
  ),
  described(
    'an attribute that is too large',
    [{ name: 'f', content: 'x', xattrs: new Map([['user.big', Buffer.alloc(70_000)]]) }],
    'layer.corrupt',
  ),
  described('a user beyond 32 bits', [{ name: 'f', content: 'x', uid: 2 ** 40 }], 'layer.corrupt'),
  layer(
    'a user of 2^32-1, which means: leave it',
    rawTar(paxHeader([['uid', String(2 ** 32 - 1)]]), f),
    'layer.corrupt',
  ),
  layer('a negative user', rawTar(paxHeader([['uid', '-1']]), f), 'layer.corrupt'),
  described(
    'a device number beyond what there is',
    [{ name: 'c', type: 'char', devMajor: 0o7777777, devMinor: 1 }],
    'layer.corrupt',
  ),
];

/** With the time of each (see tree-listing.ts). */
export const times: readonly HostileLayer[] = [
  described('a time before the epoch', [{ name: 'f', content: 'x', mtime: -5 }], ['f f = "x" @0']),
  layer('a time in the year 12000', rawTar(paxHeader([['mtime', '316516000000']]), f), ['f f = "x" @0']),
  described('a time with fractions', [{ name: 'f', content: 'x', mtime: 12.75 }], ['f f = "x" @12']),
  layer('a time beyond all', rawTar(paxHeader([['mtime', '9'.repeat(400)]]), f), 'layer.corrupt'),
  layer('a time that is no number', rawTar(paxHeader([['mtime', 'soon']]), f), 'layer.corrupt'),
];

function base256(value: bigint): Buffer {
  const field = Buffer.alloc(12);
  field.writeBigUInt64BE(value, 4);
  field[0] = 0x80;
  return field;
}
