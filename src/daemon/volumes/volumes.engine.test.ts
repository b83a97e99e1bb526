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
import type { VolumeService } from './volume-service.ts';
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

test('a volume that a container holds stays, also after a restart of the daemon', async () => {
  await volumes.create({ Name: 'data' });
  await volumes.acquire('data', 'c1');
  await volumes.acquire('data', 'c1');
  volumes = open();
  await expect(volumes.remove('data', { force: true })).rejects.toMatchObject({
    code: 'volume.in-use',
    message: 'remove data: volume is in use - [c1]',
  });
  expect((await volumes.list(new Map([['dangling', ['true']]]))).Volumes).toEqual([]);
  volumes.release('data', 'c1');
  await volumes.remove('data', { force: false });
  expect(events).toEqual(['create data', 'mount data', 'unmount data', 'destroy data']);
});

test('a tmpfs volume is mounted while it is held', async () => {
  const { Mountpoint } = await volumes.create({
    Name: 'fast',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=750' },
  });
  await volumes.acquire('fast', 'c1');
  await volumes.acquire('fast', 'c2');
  expect(isMounted(Mountpoint)).toBe(true);
  expect(lstatSync(Mountpoint).mode & 0o777).toBe(0o750);
  volumes.release('fast', 'c1');
  expect(isMounted(Mountpoint)).toBe(true);
  volumes.release('fast', 'c2');
  expect(isMounted(Mountpoint)).toBe(false);
});

test('a bind volume shows the folder it names, and removing it leaves that folder alone', async () => {
  const device = join(folder, 'elsewhere');
  mkdirSync(device);
  writeFileSync(join(device, 'precious'), 'x');
  const { Mountpoint } = await volumes.create({ Name: 'bound', DriverOpts: { type: 'none', device, o: 'bind' } });
  await volumes.acquire('bound', 'c1');
  expect(readdirSync(Mountpoint)).toEqual(['precious']);
  volumes.release('bound', 'c1');
  await volumes.remove('bound', { force: false });
  expect(readdirSync(device)).toEqual(['precious']);
});

test('a mount that fails holds nothing', async () => {
  await volumes.create({ Name: 'broken', DriverOpts: { type: 'nosuchfs', device: 'x' } });
  await expect(volumes.acquire('broken', 'c1')).rejects.toMatchObject({ code: 'volume.invalid', status: 500 });
  expect(volumes.usersOf('broken')).toEqual([]);
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
  expect(await volumes.usageBytes('data', { signal })).toBe(7 + '/etc/passwd'.length);
});

test('a volume with content, and a source that is missing or a file, change nothing', async () => {
  const { Mountpoint: target } = await volumes.create({ Name: 'data' });
  await volumes.populate('data', join(folder, 'missing'), { signal });
  writeFileSync(join(folder, 'plain'), '');
  await volumes.populate('data', join(folder, 'plain'), { signal });
  expect(readdirSync(target)).toEqual([]);
  writeFileSync(join(target, 'mine'), '1');
  await volumes.populate('data', imageFolder(), { signal });
  expect(readdirSync(target)).toEqual(['mine']);
});

test('a cut copy leaves the volume empty, and one cut by a crash starts over', async () => {
  const { Mountpoint: target } = await volumes.create({ Name: 'data' });
  const source = imageFolder();
  await expect(volumes.populate('data', source, { signal: AbortSignal.abort() })).rejects.toThrow();
  expect(readdirSync(target)).toEqual([]);
  writeFileSync(join(target, 'half'), '');
  writeFileSync(join(target, '../populating'), '');
  await volumes.populate('data', source, { signal });
  expect(readFileSync(join(target, 'file'), 'utf8')).toBe('content');
  expect(existsSync(join(target, 'half'))).toBe(false);
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
