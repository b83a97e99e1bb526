/**
 * The requests made of an engine: every operation of the document at least once, with what goes right and what goes wrong.
 * The same walk on two engines gives exchanges that can be compared one by one. It needs the image `busybox`, makes objects
 * named `document-*` only, and removes them.
 */
import { isObject, type Json, type JsonObject } from './check-value.ts';
import { type Ask, type Exchange, exchange } from './exchange.ts';

/** @returns every exchange in order, those of before a failure too, whose text is the last's `failed` */
export async function walkEngine(socketPath: string): Promise<readonly Exchange[]> {
  const done: Exchange[] = [];
  const ask = async (method: string, path: string, given?: Ask): Promise<Json> => {
    const answer = await exchange(socketPath, method, path, given);
    done.push(answer);
    return parsed(answer);
  };
  await tidy(socketPath);
  for (const part of [system, images, volumes, networks, created, running, execs, ended, plugins, swarm])
    await part(ask);
  await tidy(socketPath);
  return done;
}

type Asker = (method: string, path: string, given?: Ask) => Promise<Json>;

export function parsed(answer: Exchange): Json {
  if (!answer.contentType.includes('json') || answer.body.length === 0) return null;
  const text = answer.body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // A stream: its first document.
    return JSON.parse(text.split('\n', 1)[0]?.replace(/\r$/, '') ?? 'null');
  }
}

const textOf = (value: Json, name: string): string => {
  const field = isObject(value) ? value[name] : undefined;
  return typeof field === 'string' ? field : 'none';
};

const filters = (value: JsonObject): { filters: string } => ({ filters: JSON.stringify(value) });
const mine = filters({ label: ['document-walk'] });
const label = { 'document-walk': '1' };

async function tidy(socketPath: string): Promise<void> {
  for (const name of ['document-main', 'document-other', 'document-renamed', 'document-image'])
    await exchange(socketPath, 'DELETE', `/containers/${name}`, { query: { force: '1', v: '1' } });
  for (const name of ['document-net', 'document-full']) await exchange(socketPath, 'DELETE', `/networks/${name}`);
  for (const name of ['document-volume', 'document-second'])
    await exchange(socketPath, 'DELETE', `/volumes/${name}`, { query: { force: '1' } });
  for (const name of ['document/committed:1', 'document/tagged:1', 'document/imported:1'])
    await exchange(socketPath, 'DELETE', `/images/${name}`, { query: { force: '1' } });
}

async function system(ask: Asker): Promise<void> {
  await ask('GET', '/_ping');
  await ask('HEAD', '/_ping');
  await ask('GET', '/version');
  await ask('GET', '/info');
  await ask('GET', '/system/df');
  await ask('GET', '/system/df', { query: { type: 'volume' } });
  await ask('GET', '/system/df', { query: { type: 'nothing' } });
  await ask('GET', '/events', { query: { since: '1', until: '2' } });
  await ask('GET', '/events', { query: { since: 'x' } });
  await ask('GET', '/events', { query: { ...filters({ nothing: ['x'] }), until: '2' } });
  await ask('POST', '/auth', { body: { username: 'u', password: 'p', serveraddress: '127.0.0.1:1' } });
  await ask('POST', '/build/prune');
  await ask('GET', '/nowhere');
  await ask('POST', '/containers/create', { body: Buffer.from('{'), headers: { 'Content-Type': 'application/json' } });
  await ask('POST', '/containers/create', { body: { Image: 'busybox' }, headers: { 'Content-Type': 'text/plain' } });
}

async function images(ask: Asker): Promise<void> {
  await ask('GET', '/images/json');
  await ask('GET', '/images/json', { query: { all: '1', digests: '1', 'shared-size': '1', manifests: '1' } });
  await ask('GET', '/images/json', { query: filters({ nothing: ['x'] }) });
  await ask('GET', '/images/json', { query: filters({ dangling: ['maybe'] }) });
  await ask('GET', '/images/busybox/json');
  await ask('GET', '/images/busybox/json', { query: { manifests: '1' } });
  await ask('GET', '/images/document-none/json');
  await ask('GET', '/images/busybox/history');
  await ask('GET', '/images/document-none/history');
  await ask('POST', '/images/busybox/tag', { query: { repo: 'document/tagged', tag: '1' } });
  await ask('POST', '/images/busybox/tag', { query: { repo: 'Not/Good', tag: '1' } });
  await ask('POST', '/images/document-none/tag', { query: { repo: 'document/tagged' } });
  await ask('GET', '/images/document/tagged:1/get');
  await ask('GET', '/images/get', { query: { names: 'document/tagged:1' } });
  await ask('GET', '/images/document-none/get');
  await ask('POST', '/images/load', { body: Buffer.alloc(1024), query: { quiet: '1' } });
  await ask('POST', '/images/create', { query: { fromSrc: '-', repo: 'document/imported', tag: '1' }, body: emptyTar });
  await ask('POST', '/images/create', { query: { fromImage: '127.0.0.1:1/nothing', tag: '1' } });
  await ask('POST', '/images/create', { query: { fromImage: 'Not/Good' } });
  await ask('POST', '/images/document-none/push', { headers: { 'X-Registry-Auth': 'e30=' } });
  await ask('DELETE', '/images/document/tagged:1');
  await ask('DELETE', '/images/document-none');
  await ask('DELETE', '/images/document/imported:1');
  await ask('POST', '/images/prune', { query: mine });
  await ask('GET', '/images/search');
  await ask('GET', '/distribution/127.0.0.1:1/nothing/json');
  await ask('POST', '/build', { query: { t: 'document' }, body: Buffer.from('x') });
}

const emptyTar = Buffer.alloc(1024);

async function volumes(ask: Asker): Promise<void> {
  await ask('POST', '/volumes/create', { body: { Name: 'document-volume', Labels: label } });
  await ask('POST', '/volumes/create', { body: { Name: 'document-volume' } });
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' };
  await ask('POST', '/volumes/create', { body: { Name: 'document-second', DriverOpts: options, Labels: label } });
  await ask('POST', '/volumes/create', { body: { Name: 'not/good' } });
  await ask('POST', '/volumes/create', { body: { Name: 'document-third', Driver: 'none-such' } });
  await ask('GET', '/volumes');
  await ask('GET', '/volumes', { query: filters({ name: ['document-none'] }) });
  await ask('GET', '/volumes', { query: filters({ nothing: ['x'] }) });
  await ask('GET', '/volumes/document-volume');
  await ask('GET', '/volumes/document-second');
  await ask('GET', '/volumes/document-none');
  await ask('PUT', '/volumes/document-volume', { query: { version: '1' }, body: {} });
  await ask('DELETE', '/volumes/document-second');
  await ask('DELETE', '/volumes/document-none');
  await ask('POST', '/volumes/prune', { query: filters({ label: ['document-none'] }) });
  await ask('POST', '/volumes/prune', { query: filters({ nothing: ['x'] }) });
}

async function networks(ask: Asker): Promise<void> {
  await ask('POST', '/networks/create', { body: { Name: 'document-net', Labels: label } });
  const ipam = { Config: [{ Subnet: '10.213.7.0/24', Gateway: '10.213.7.1', IPRange: '10.213.7.128/25' }] };
  await ask('POST', '/networks/create', {
    body: { Name: 'document-full', Driver: 'bridge', Internal: true, IPAM: ipam },
  });
  await ask('POST', '/networks/create', { body: { Name: 'document-net' } });
  await ask('POST', '/networks/create', { body: { Name: 'document-bad', Driver: 'none-such' } });
  await ask('POST', '/networks/create', { body: { Name: 'document-bad', IPAM: { Config: [{ Subnet: 'x' }] } } });
  await ask('POST', '/networks/create', { body: { Name: '' } });
  await ask('POST', '/networks/create', { body: { Name: 'bridge' } });
  await ask('GET', '/networks');
  await ask('GET', '/networks', { query: filters({ name: ['document-none'] }) });
  await ask('GET', '/networks', { query: filters({ nothing: ['x'] }) });
  for (const name of ['bridge', 'host', 'none', 'document-net', 'document-full', 'document-none'])
    await ask('GET', `/networks/${name}`);
  await ask('GET', '/networks/document-net', { query: { verbose: '1' } });
  await ask('DELETE', '/networks/bridge');
  await ask('DELETE', '/networks/document-none');
  await ask('POST', '/networks/document-none/connect', { body: { Container: 'document-none' } });
  await ask('POST', '/networks/document-net/connect', { body: { Container: 'document-none' } });
  await ask('POST', '/networks/document-net/disconnect', { body: { Container: 'document-none' } });
  await ask('POST', '/networks/prune', { query: filters({ label: ['document-none'] }) });
}

const mainBody: JsonObject = {
  Image: 'busybox',
  Cmd: ['sh', '-c', 'echo out; echo err >&2; trap "exit 3" TERM; while :; do sleep 0.1; done'],
  Labels: label,
  ExposedPorts: { '80/tcp': {} },
  Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 },
  HostConfig: {
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
    Binds: ['document-volume:/data:ro'],
    Mounts: [{ Type: 'tmpfs', Target: '/scratch' }],
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 },
    Ulimits: [{ Name: 'nofile', Soft: 512, Hard: 1024 }],
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rwm' }],
    ExtraHosts: ['there:192.0.2.1'],
    Sysctls: { 'net.ipv4.ip_forward': '1' },
    Memory: 67_108_864,
  },
  NetworkingConfig: { EndpointsConfig: { 'document-net': { Aliases: ['other'] } } },
};

async function created(ask: Asker): Promise<void> {
  await ask('POST', '/containers/create', { query: { name: 'document-main' }, body: mainBody });
  await ask('POST', '/containers/create', { query: { name: 'document-main' }, body: { Image: 'busybox' } });
  await ask('POST', '/containers/create', {
    query: { name: 'document-other' },
    body: { Image: 'busybox', Labels: label },
  });
  await ask('POST', '/containers/create', { query: { name: 'not/good' }, body: { Image: 'busybox' } });
  await ask('POST', '/containers/create', { body: { Image: 'document-none' } });
  await ask('POST', '/containers/create', { body: { Image: '' } });
  await ask('POST', '/containers/create', {
    body: { Image: 'busybox', HostConfig: { NetworkMode: 'container:none' } },
  });
  await ask('POST', '/containers/create', { body: { Image: 'busybox', HostConfig: { Binds: ['relative:also'] } } });
  await ask('POST', '/containers/create', { body: { Image: 'busybox', HostConfig: { Memory: 5 } } });
  for (const name of ['document-main', 'document-other', 'document-none']) await ask('GET', `/containers/${name}/json`);
  await ask('GET', '/containers/document-main/json', { query: { size: '1' } });
  await ask('GET', '/containers/json', { query: { all: '1', ...mine } });
  await ask('GET', '/containers/document-other/top');
  await ask('GET', '/containers/document-other/stats', { query: { stream: '0' } });
  await ask('GET', '/containers/document-other/logs', { query: { stdout: '1' } });
  await ask('POST', '/containers/document-other/exec', { body: { Cmd: ['true'] } });
  await ask('POST', '/containers/document-other/kill');
  await ask('POST', '/containers/document-other/stop');
  await ask('POST', '/containers/document-other/pause');
  await ask('POST', '/containers/document-other/unpause');
  await ask('POST', '/containers/document-other/resize', { query: { h: '20', w: '20' } });
  await ask('GET', '/containers/document-other/changes');
  await ask('POST', '/containers/document-other/rename', { query: { name: 'document-main' } });
  await ask('POST', '/containers/document-other/rename', { query: { name: '' } });
  await ask('POST', '/containers/document-other/rename', { query: { name: 'document-renamed' } });
  await ask('DELETE', '/containers/document-renamed');
}

async function running(ask: Asker): Promise<void> {
  const at = '/containers/document-main';
  await ask('POST', `${at}/start`);
  await ask('POST', `${at}/start`);
  await ask('POST', '/containers/document-none/start');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await ask('GET', `${at}/json`);
  await ask('GET', '/containers/json', { query: mine });
  await ask('GET', '/containers/json', { query: { size: '1', limit: '1', ...mine } });
  await ask('GET', '/containers/json', { query: filters({ nothing: ['x'] }) });
  await ask('GET', '/networks/document-net');
  await ask('GET', '/volumes/document-volume');
  await ask('DELETE', '/volumes/document-volume');
  await ask('DELETE', '/networks/document-net');
  await ask('DELETE', at);
  await ask('GET', `${at}/top`);
  await ask('GET', `${at}/top`, { query: { ps_args: 'aux' } });
  await ask('GET', `${at}/logs`, { query: { stdout: '1', stderr: '1', timestamps: '1' } });
  await ask('GET', `${at}/logs`);
  await ask('GET', `${at}/stats`, { query: { stream: '0' } });
  await ask('GET', `${at}/stats`, { query: { stream: '0', 'one-shot': '1' } });
  await ask('GET', `${at}/stats`, { readMs: 2_500 });
  await ask('GET', `${at}/changes`);
  await ask('POST', `${at}/attach`, { query: { stdout: '1', stream: '1', logs: '1' }, readMs: 500 });
  await ask('POST', `${at}/attach`, {
    query: { stdout: '1', stream: '1', logs: '1' },
    headers: { Connection: 'Upgrade', Upgrade: 'tcp' },
    readMs: 500,
  });
  await ask('GET', `${at}/attach/ws`, { query: { stdout: '1' } });
  await ask('POST', `${at}/resize`, { query: { h: '20', w: '20' } });
  await ask('POST', `${at}/resize`, { query: { h: 'x', w: '20' } });
  await ask('POST', `${at}/update`, { body: { Memory: 134_217_728, MemorySwap: -1 } });
  await ask('POST', `${at}/update`, { body: { Memory: 5 } });
  await ask('POST', `${at}/kill`, { query: { signal: 'NONE' } });
  await ask('POST', `${at}/pause`);
  await ask('POST', `${at}/pause`);
  await ask('GET', `${at}/json`);
  await ask('POST', `${at}/exec`, { body: { Cmd: ['true'] } });
  await ask('POST', `${at}/unpause`);
  await ask('POST', `${at}/unpause`);
  await archives(ask, at);
  await ask('POST', '/networks/document-full/connect', {
    body: { Container: 'document-main', EndpointConfig: { Aliases: ['x'] } },
  });
  await ask('POST', '/networks/document-full/connect', { body: { Container: 'document-main' } });
  await ask('GET', `${at}/json`);
  await ask('POST', '/networks/document-full/disconnect', { body: { Container: 'document-main', Force: false } });
  await ask('POST', '/networks/document-full/disconnect', { body: { Container: 'document-main' } });
  await ask('POST', '/commit', {
    query: { container: 'document-main', repo: 'document/committed', tag: '1', comment: 'c' },
  });
  await ask('POST', '/commit', { query: { container: 'document-none' } });
  await ask('GET', '/images/document/committed:1/json');
  await ask('GET', '/images/document/committed:1/history');
}

async function archives(ask: Asker, at: string): Promise<void> {
  await ask('HEAD', `${at}/archive`, { query: { path: '/etc/hostname' } });
  await ask('HEAD', `${at}/archive`, { query: { path: '/none' } });
  await ask('GET', `${at}/archive`, { query: { path: '/etc/hostname' } });
  await ask('GET', `${at}/archive`, { query: { path: '/none' } });
  await ask('GET', `${at}/archive`);
  await ask('PUT', `${at}/archive`, { query: { path: '/tmp' }, body: emptyTar });
  await ask('PUT', `${at}/archive`, { query: { path: '/none' }, body: emptyTar });
  await ask('PUT', `${at}/archive`, { query: { path: '/etc/hostname' }, body: emptyTar });
  await ask('PUT', `${at}/archive`, { query: { path: '/data' }, body: emptyTar });
  await ask('GET', `${at}/export`);
  await ask('GET', '/containers/document-none/export');
}

async function execs(ask: Asker): Promise<void> {
  const at = '/containers/document-main/exec';
  const output = { AttachStdout: true, AttachStderr: true };
  const id = textOf(await ask('POST', at, { body: { Cmd: ['echo', 'x'], ...output } }), 'Id');
  await ask('GET', `/exec/${id}/json`);
  await ask('POST', `/exec/${id}/start`, { body: { Detach: false, Tty: false } });
  await ask('GET', `/exec/${id}/json`);
  await ask('POST', `/exec/${id}/start`, { body: {} });
  await ask('POST', `/exec/${id}/resize`, { query: { h: '20', w: '20' } });
  const detached = textOf(await ask('POST', at, { body: { Cmd: ['sleep', '2'], Tty: true } }), 'Id');
  await ask('POST', `/exec/${detached}/start`, { body: { Detach: true } });
  await ask('GET', `/exec/${detached}/json`);
  await ask('POST', `/exec/${detached}/resize`, { query: { h: '20', w: '20' } });
  const upgraded = textOf(await ask('POST', at, { body: { Cmd: ['echo', 'x'], Tty: true, ...output } }), 'Id');
  const headers = { Connection: 'Upgrade', Upgrade: 'tcp' };
  await ask('POST', `/exec/${upgraded}/start`, { body: { Tty: true }, headers, readMs: 1_000 });
  const absent = textOf(await ask('POST', at, { body: { Cmd: ['none-such'], ...output } }), 'Id');
  await ask('POST', `/exec/${absent}/start`, { body: {} });
  await ask('GET', `/exec/${absent}/json`);
  await ask('POST', at, { body: {} });
  await ask('POST', '/containers/document-none/exec', { body: { Cmd: ['true'] } });
  await ask('GET', '/exec/none/json');
  await ask('POST', '/exec/none/start', { body: {} });
  await ask('GET', '/containers/document-main/json');
}

async function ended(ask: Asker): Promise<void> {
  const at = '/containers/document-main';
  await ask('POST', `${at}/restart`, { query: { t: '5' } });
  await ask('POST', `${at}/stop`, { query: { t: '5' } });
  await ask('POST', `${at}/stop`);
  await ask('POST', `${at}/kill`);
  await ask('POST', `${at}/wait`);
  await ask('POST', `${at}/wait`, { query: { condition: 'nothing' } });
  await ask('POST', '/containers/document-none/wait');
  await ask('GET', `${at}/json`);
  await ask('GET', '/containers/json', { query: { all: '1', ...mine } });
  await ask('GET', `${at}/top`);
  await ask('GET', `${at}/stats`, { query: { stream: '0' } });
  await ask('POST', '/containers/prune', { query: filters({ label: ['document-none'] }) });
  await ask('POST', '/containers/prune', { query: mine });
  await ask('DELETE', '/containers/document-none');
  await ask('DELETE', '/networks/document-full');
  await ask('POST', '/networks/prune', { query: mine });
  await ask('POST', '/volumes/prune', { query: { filters: JSON.stringify({ label: ['document-walk'], all: ['1'] }) } });
  await ask('DELETE', '/images/document/committed:1');
}

async function plugins(ask: Asker): Promise<void> {
  await ask('GET', '/plugins');
  await ask('GET', '/plugins/document-none/json');
  await ask('GET', '/plugins/privileges', { query: { remote: '127.0.0.1:1/nothing' } });
  await ask('POST', '/plugins/pull', { query: { remote: '127.0.0.1:1/nothing' }, body: [] });
  await ask('POST', '/plugins/create', { query: { name: 'document' }, body: emptyTar });
  for (const verb of ['enable', 'disable', 'push']) await ask('POST', `/plugins/document-none/${verb}`);
  await ask('POST', '/plugins/document-none/set', { body: ['a=b'] });
  await ask('POST', '/plugins/document-none/upgrade', { query: { remote: '127.0.0.1:1/nothing' }, body: [] });
  await ask('DELETE', '/plugins/document-none');
}

async function swarm(ask: Asker): Promise<void> {
  for (const kind of ['nodes', 'services', 'tasks', 'secrets', 'configs']) {
    await ask('GET', `/${kind}`);
    await ask('GET', `/${kind}/none`);
  }
  for (const kind of ['services', 'secrets', 'configs']) {
    await ask('POST', `/${kind}/create`, { body: { Name: 'x' } });
    await ask('DELETE', `/${kind}/none`);
    await ask('POST', `/${kind}/none/update`, { query: { version: '1' }, body: {} });
  }
  for (const kind of ['services', 'tasks']) await ask('GET', `/${kind}/none/logs`, { query: { stdout: '1' } });
  await ask('DELETE', '/nodes/none');
  await ask('POST', '/nodes/none/update', { query: { version: '1' }, body: {} });
  await ask('GET', '/swarm');
  await ask('GET', '/swarm/unlockkey');
  await ask('POST', '/swarm/update', { query: { version: '1' }, body: {} });
  await ask('POST', '/swarm/unlock', { body: { UnlockKey: 'x' } });
  await ask('POST', '/swarm/leave');
}
