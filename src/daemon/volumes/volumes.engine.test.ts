import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEventBus } from '../events/event-bus.ts';
import { getXattr, isMounted, mknod, nodeKinds, setXattr } from '../linux/mount.ts';
import type { VolumeService, VolumeUse } from './volume-service.ts';
import { createVolumeService } from './volume-service-factory.ts';

const signal = new AbortController().signal;
const none = new Map<string, readonly string[]>();
let folder = '';
let db: DatabaseSync;
let events: string[] = [];
let warnings: string[] = [];
let volumes: VolumeService;

function open(): VolumeService {
  const bus = createEventBus();
  bus.subscribe((event) => events.push(`${event.Action} ${event.Actor.ID}`));
  return createVolumeService({
    db,
    root: join(folder, 'volumes'),
    subpathRoot: join(folder, 'subpaths'),
    events: bus,
    log: { warn: (message) => warnings.push(message) },
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-volumes-'));
  db = new DatabaseSync(':memory:');
  events = [];
  warnings = [];
  volumes = open();
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a volume is created, answered again, listed, inspected and removed', async () => {
  const created = await volumes.create({ Name: 'data', Labels: { a: '1' } });
  expect(created).toMatchObject({
    Name: 'data',
    Driver: 'local',
    Scope: 'local',
    Mountpoint: join(folder, 'volumes/data/_data'),
  });
  expect(await volumes.create({ Name: 'data' })).toEqual(created);
  expect((await volumes.list(none)).Volumes).toEqual([created]);
  expect(existsSync(created.Mountpoint)).toBe(true);
  await volumes.remove('data', { force: false });
  expect(existsSync(created.Mountpoint)).toBe(false);
  expect(readdirSync(join(folder, 'volumes'))).toEqual([]);
  await expect(volumes.inspect('data')).rejects.toMatchObject({
    code: 'volume.not-found',
    message: 'get data: no such volume',
  });
  await volumes.remove('data', { force: true });
  expect(events).toEqual(['create data', 'destroy data']);
});

const use = (containerId: string, more: Partial<VolumeUse> = {}): VolumeUse => ({
  containerId,
  destination: '/d',
  readOnly: false,
  subpath: '',
  ...more,
});

test('a volume that a container holds stays, also after a restart of the daemon', async () => {
  await volumes.create({ Name: 'data' }, { heldBy: 'c1' });
  await volumes.acquire('data', 'c1');
  volumes = open();
  await expect(volumes.remove('data', { force: true })).rejects.toMatchObject({
    code: 'volume.in-use',
    message: 'remove data: volume is in use - [c1]',
  });
  expect((await volumes.list(new Map([['dangling', ['true']]]))).Volumes).toEqual([]);
  await volumes.mount('data', use('c1'));
  await volumes.unmountAll('c1');
  volumes.release('data', 'c1');
  await volumes.remove('data', { force: false });
  expect(events).toEqual(['create data', 'mount data', 'unmount data', 'destroy data']);
});

test('a tmpfs volume is mounted while a run needs it, also across a restart of the daemon', async () => {
  const { Mountpoint } = await volumes.create({
    Name: 'fast',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=750' },
  });
  await volumes.mount('fast', use('c1'));
  await volumes.mount('fast', use('c2'));
  expect(isMounted(Mountpoint)).toBe(true);
  expect(lstatSync(Mountpoint).mode & 0o777).toBe(0o750);
  volumes = open();
  await volumes.unmountAll('c1');
  expect(isMounted(Mountpoint)).toBe(true);
  await volumes.unmountAll('c2');
  expect(isMounted(Mountpoint)).toBe(false);
});

test('a bind volume shows the folder it names, read-only if asked, and removing it leaves that folder alone', async () => {
  const device = join(folder, 'elsewhere');
  mkdirSync(device);
  writeFileSync(join(device, 'precious'), 'x');
  const { Mountpoint } = await volumes.create({ Name: 'bound', DriverOpts: { type: 'none', device, o: 'bind,ro' } });
  await volumes.mount('bound', use('c1'));
  expect(readdirSync(Mountpoint)).toEqual(['precious']);
  expect(() => writeFileSync(join(Mountpoint, 'more'), '')).toThrow('EROFS');
  await volumes.unmountAll('c1');
  await volumes.remove('bound', { force: false });
  expect(readdirSync(device)).toEqual(['precious']);
});

test('a mount that fails is told in Docker words and leaves nothing', async () => {
  await volumes.create({ Name: 'broken', DriverOpts: { type: 'nosuchfs', device: 'x', o: 'ro,foo=1' } });
  const data = join(folder, 'volumes/broken/_data');
  await expect(volumes.mount('broken', use('c1'))).rejects.toMatchObject({
    status: 500,
    message: `error while mounting volume '${data}': failed to mount local volume: mount x:${data}, flags: 0x1, data: foo=1: no such device`,
  });
  await volumes.unmountAll('c1');
  expect(events).toEqual(['create broken']);
});

test('an empty folder of a volume is filled as a volume is; what is not there is left to the start', async () => {
  const { Mountpoint } = await volumes.create({ Name: 'data' });
  mkdirSync(join(Mountpoint, 'a/b'), { recursive: true });
  writeFileSync(join(Mountpoint, 'file'), '');
  symlinkSync('/etc', join(Mountpoint, 'out'));
  const source = imageFolder();
  await volumes.populate('data', source, { subpath: 'a/b', signal });
  expect(readdirSync(join(Mountpoint, 'a/b')).sort()).toEqual(readdirSync(source).sort());
  expect(readdirSync(Mountpoint).sort()).toEqual(['a', 'file', 'out']);
  await volumes.populate('data', source, { subpath: 'nowhere', signal });
  await expect(volumes.populate('data', source, { subpath: 'file', signal })).rejects.toThrow('not a directory');
  await expect(volumes.populate('data', source, { subpath: 'out', signal })).rejects.toMatchObject({
    message: expect.stringMatching(/^failed to populate volume: path concatenation escapes the base directory/),
    status: 400,
  });
});

test('a subpath is bound to a place of its own; what leads out of the volume is refused', async () => {
  const { Mountpoint } = await volumes.create({ Name: 'data' });
  mkdirSync(join(Mountpoint, 'a/b'), { recursive: true });
  writeFileSync(join(Mountpoint, 'a/b/deep'), 'x');
  writeFileSync(join(Mountpoint, 'file'), 'content');
  symlinkSync('/etc', join(Mountpoint, 'out'));
  symlinkSync('a/b', join(Mountpoint, 'inside'));
  expect(readdirSync(await volumes.mount('data', use('c1', { subpath: 'inside' })))).toEqual(['deep']);
  expect(readFileSync(await volumes.mount('data', use('c2', { subpath: 'file' })), 'utf8')).toBe('content');
  await expect(volumes.mount('data', use('c3', { subpath: 'out/ssl' }))).rejects.toThrow('escapes the base directory');
  await expect(volumes.mount('data', use('c3', { subpath: 'a/no/such' }))).rejects.toMatchObject({
    status: 404,
    message: `cannot access path ${Mountpoint}/a/no/such: lstat ${Mountpoint}/a/no: no such file or directory`,
  });
  for (const id of ['c1', 'c2', 'c3']) await volumes.unmountAll(id);
  expect(readdirSync(join(folder, 'subpaths'))).toEqual([]);
});

function imageFolder(): string {
  const source = join(folder, 'image');
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'file'), 'content');
  chownSync(join(source, 'file'), 999, 998);
  chmodSync(join(source, 'file'), 0o4755);
  utimesSync(join(source, 'file'), 1000, 2000);
  linkSync(join(source, 'file'), join(source, 'sub/twin'));
  symlinkSync('/etc/passwd', join(source, 'link'));
  setXattr(join(source, 'sub'), 'user.note', Buffer.from('hi'));
  mknod(join(source, 'pipe'), nodeKinds.fifo | 0o640, { major: 0, minor: 0 });
  mknod(join(source, 'null'), nodeKinds.charDevice | 0o666, { major: 1, minor: 3 });
  chownSync(source, 70, 70);
  chmodSync(source, 0o700);
  return source;
}

test('an empty volume is filled with what the image has, with owners, modes, links and attributes', async () => {
  const { Mountpoint: target } = await volumes.create({ Name: 'data' });
  await volumes.populate('data', imageFolder(), { signal });
  const stat = (name: string) => lstatSync(join(target, name));
  expect(stat('.')).toMatchObject({ uid: 70, gid: 70 });
  expect(stat('.').mode & 0o7777).toBe(0o700);
  expect(stat('file')).toMatchObject({ uid: 999, gid: 998, mtimeMs: 2_000_000, nlink: 2 });
  expect(stat('file').mode & 0o7777).toBe(0o4755);
  expect(stat('sub/twin').ino).toBe(stat('file').ino);
  expect(readlinkSync(join(target, 'link'))).toBe('/etc/passwd');
  expect(getXattr(join(target, 'sub'), 'user.note')?.toString()).toBe('hi');
  expect(stat('pipe').isFIFO()).toBe(true);
  expect(stat('null').rdev).toBe(lstatSync('/dev/null').rdev);
  expect(await volumes.usage({ signal })).toMatchObject([
    { Name: 'data', UsageData: { Size: 7 + '/etc/passwd'.length, RefCount: 0 } },
  ]);
});

test('a volume with content stays as it is', async () => {
  const { Mountpoint: target } = await volumes.create({ Name: 'data' });
  writeFileSync(join(target, 'mine'), '1');
  await volumes.populate('data', imageFolder(), { signal });
  expect(readdirSync(target)).toEqual(['mine']);
});

test('a copy that fails leaves the volume empty', async () => {
  const { Mountpoint: target } = await volumes.create({ Name: 'data' });
  await expect(volumes.populate('data', imageFolder(), { signal: AbortSignal.abort() })).rejects.toThrow();
  expect(readdirSync(target)).toEqual([]);
  expect(readdirSync(join(target, '..'))).toEqual(['_data']);
});

test('of a copy that a crash cut, all comes or nothing', async () => {
  const { Mountpoint: half } = await volumes.create({ Name: 'half' });
  const { Mountpoint: whole } = await volumes.create({ Name: 'whole' });
  mkdirSync(join(half, '../.wharf-copying'));
  writeFileSync(join(half, '../.wharf-copying/part'), '');
  mkdirSync(join(whole, '../.wharf-moving'), { mode: 0o750 });
  writeFileSync(join(whole, '../.wharf-moving/late'), '');
  writeFileSync(join(whole, 'early'), '');
  volumes = open();
  await expect.poll(() => readdirSync(join(whole, '..'))).toEqual(['_data']);
  expect(readdirSync(whole).sort()).toEqual(['early', 'late']);
  expect(lstatSync(whole).mode & 0o777).toBe(0o750);
  await expect.poll(() => readdirSync(join(half, '..'))).toEqual(['_data']);
  expect(readdirSync(half)).toEqual([]);
});

test('a removal that a crash cut is finished, a record whose folder was not made yet gets it', async () => {
  const cut = await volumes.create({ Name: 'cut' });
  const early = await volumes.create({ Name: 'early', Labels: { a: '1' } });
  db.exec(`UPDATE volumes SET record = json_set(record, '$.removing', json('true')) WHERE name = 'cut'`);
  rmSync(join(early.Mountpoint, '..'), { recursive: true });
  volumes = open();
  expect((await volumes.list(none)).Volumes).toMatchObject([{ Name: 'early', Labels: { a: '1' } }]);
  expect(existsSync(early.Mountpoint)).toBe(true);
  await expect.poll(() => existsSync(cut.Mountpoint)).toBe(false);
});

test('prune removes unused anonymous volumes and counts their bytes', async () => {
  const anonymous = await volumes.create({});
  writeFileSync(join(anonymous.Mountpoint, 'x'), Buffer.alloc(1000));
  const held = await volumes.create({});
  await volumes.acquire(held.Name, 'c1');
  await volumes.create({ Name: 'named' });
  expect(await volumes.prune(none)).toEqual({ VolumesDeleted: [anonymous.Name], SpaceReclaimed: 1000 });
  expect(await volumes.prune(new Map([['all', ['1']]]))).toEqual({ VolumesDeleted: ['named'], SpaceReclaimed: 0 });
});

test('folders of a lost database are taken up again, half removed ones are deleted', async () => {
  mkdirSync(join(folder, 'volumes/old/_data'), { recursive: true });
  writeFileSync(join(folder, 'volumes/old/_data/kept'), '1');
  mkdirSync(join(folder, 'volumes/.removing-1/_data'), { recursive: true });
  volumes = open();
  expect((await volumes.inspect('old')).Name).toBe('old');
  await expect.poll(() => readdirSync(join(folder, 'volumes'))).toEqual(['old']);
  expect(warnings).toHaveLength(1);
});
