import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { decodeQuestion, encodeQuery, encodeResponse, recordTypes } from './dns-codec.ts';
import { frameTcpMessage } from './dns-forwarder.ts';
import { askUdp, type NetworkWorld, networkWorld, udpInside } from './network-world.ts';

const resolver = { port: 53, address: '127.0.0.11' };

interface Answer {
  readonly code: number;
  readonly addresses: readonly string[];
}

/** Asks the container's resolver from inside its namespace. */
async function resolve(
  netnsPath: string | undefined,
  name: string,
  type: number = recordTypes.a,
): Promise<Answer | undefined> {
  const socket = await udpInside(netnsPath ?? '');
  try {
    const answer = await askUdp(socket, encodeQuery({ id: 4711, name, type }), resolver, 3000);
    if (answer === undefined) return undefined;
    const count = answer.readUInt16BE(6);
    const recordBytes = 16;
    const addresses = Array.from({ length: type === recordTypes.a ? count : 0 }, (_, i) => {
      const end = answer.length - recordBytes * (count - 1 - i);
      return answer.subarray(end - 4, end).join('.');
    });
    return { code: answer.readUInt16BE(2) & 0xf, addresses };
  } finally {
    socket.close();
  }
}

async function userNetwork(world: NetworkWorld, name: string): Promise<void> {
  await world.service.reconcile([]);
  await world.service.create({ Name: name });
}

test('containers of a user-defined network find each other by name, alias, short ID and name.network', async () => {
  await using world = networkWorld();
  await userNetwork(world, 'app');
  const db = await world.open('db', {
    networkMode: 'app',
    hostname: 'dbhost',
    endpoints: { app: { Aliases: ['database'] } },
  });
  const web = await world.open('web', { networkMode: 'app' });
  const address = db.endpoints.app?.IPAddress;
  for (const name of ['db', 'DB', 'database', 'dbhost', world.request('db').containerId.slice(0, 12), 'db.app']) {
    expect(await resolve(web.netnsPath, name), name).toEqual({ code: 0, addresses: [address] });
  }
  expect(await resolve(web.netnsPath, 'db', recordTypes.aaaa)).toEqual({ code: 0, addresses: [] });
  const reverse = `${address?.split('.').reverse().join('.')}.in-addr.arpa`;
  expect((await resolve(web.netnsPath, reverse, recordTypes.ptr))?.code).toBe(0);
  const socket = await udpInside(web.netnsPath ?? '');
  const pointer = await askUdp(socket, encodeQuery({ id: 1, name: reverse, type: recordTypes.ptr }), resolver);
  socket.close();
  expect(pointer?.includes(Buffer.from('\x02db\x03app\x00'))).toBe(true);
  expect(readFileSync(join(world.filesDir(world.request('web').containerId), 'resolv.conf'), 'utf8')).toMatch(
    /nameserver 127\.0\.0\.11\n(search .*\n)?options .*ndots:0/,
  );
});

test('a name that several containers share turns through their addresses', async () => {
  await using world = networkWorld();
  await userNetwork(world, 'app');
  const endpoints = { app: { Aliases: ['worker'] } };
  const one = await world.open('one', { networkMode: 'app', endpoints });
  const two = await world.open('two', { networkMode: 'app', endpoints });
  const first = await resolve(one.netnsPath, 'worker');
  const second = await resolve(one.netnsPath, 'worker');
  expect([...(first?.addresses ?? [])].sort()).toEqual(
    [one.endpoints.app?.IPAddress, two.endpoints.app?.IPAddress].sort(),
  );
  expect(first?.addresses[0]).not.toBe(second?.addresses[0]);
});

test('other names go to the resolvers of the host, and a silent one ends in a server failure', async () => {
  const upstream = createSocket('udp4');
  upstream.on('message', (message, peer) => {
    const question = decodeQuestion(message);
    if (question?.name !== 'example.test') return;
    const answers = [{ type: recordTypes.a, data: Uint8Array.of(192, 0, 2, 77) }];
    upstream.send(
      encodeResponse(question, { code: 0, answers, ttlSeconds: 1, maxBytes: 512 }),
      peer.port,
      peer.address,
    );
  });
  await new Promise<void>((done) => upstream.bind(0, '127.0.0.1', () => done()));
  try {
    await using world = networkWorld({ upstreamDnsPort: upstream.address().port });
    await userNetwork(world, 'app');
    const web = await world.open('web', { networkMode: 'app', dns: ['127.0.0.1'] });
    expect(await resolve(web.netnsPath, 'example.test')).toEqual({ code: 0, addresses: ['192.0.2.77'] });
    expect((await resolve(web.netnsPath, 'silent.test'))?.code).toBe(2);
  } finally {
    upstream.close();
  }
});

test('from an internal network nothing is asked outside, and a lone label stays here where ndots is set', async () => {
  let asked = 0;
  const upstream = createSocket('udp4');
  upstream.on('message', () => {
    asked++;
  });
  await new Promise<void>((done) => upstream.bind(0, '127.0.0.1', () => done()));
  try {
    await using world = networkWorld({ upstreamDnsPort: upstream.address().port });
    await userNetwork(world, 'app');
    await world.service.create({ Name: 'inner', Internal: true });
    const inner = await world.open('inner-c', { networkMode: 'inner', dns: ['127.0.0.1'] });
    expect(await resolve(inner.netnsPath, 'example.test')).toEqual({ code: 2, addresses: [] });
    expect(await resolve(inner.netnsPath, 'inner-c')).toMatchObject({ code: 0 });
    const dotted = await world.open('d', { networkMode: 'app', dns: ['127.0.0.1'], dnsOptions: ['ndots:2'] });
    expect(await resolve(dotted.netnsPath, 'nobody')).toEqual({ code: 0, addresses: [] });
    expect(asked).toBe(0);
  } finally {
    upstream.close();
  }
});

/** A program inside the namespace that asks over TCP, as resolvers do after a truncated answer. */
async function resolveTcp(netnsPath: string | undefined, name: string): Promise<Buffer> {
  const query = frameTcpMessage(encodeQuery({ id: 1, name, type: recordTypes.a })).toString('hex');
  const script = `const s = require('node:net').connect(53, '127.0.0.11', () => s.write(Buffer.from('${query}', 'hex')));
    s.on('data', (d) => { process.stdout.write(d.toString('hex')); s.destroy(); });`;
  const child = await promisify(execFile)('nsenter', [`--net=${netnsPath}`, process.execPath, '-e', script]);
  return Buffer.from(child.stdout, 'hex').subarray(2);
}

test('the resolver answers over TCP too, without the limit of datagrams', async () => {
  await using world = networkWorld();
  await userNetwork(world, 'app');
  const endpoints = { app: { Aliases: ['many'] } };
  const one = await world.open('c0', { networkMode: 'app', endpoints });
  for (let number = 1; number < 35; number++) await world.open(`c${number}`, { networkMode: 'app', endpoints });
  const limited = await udpInside(one.netnsPath ?? '');
  const truncated = await askUdp(limited, encodeQuery({ id: 1, name: 'many', type: recordTypes.a }), resolver);
  limited.close();
  const whole = await resolveTcp(one.netnsPath, 'many');
  expect((truncated?.readUInt16BE(2) ?? 0) & 0x0200).toBe(0x0200);
  expect(whole.readUInt16BE(2) & 0x0200).toBe(0);
  expect(whole.readUInt16BE(6)).toBe(35);
});

test('names end with the container, and a renamed one is found by its new name', async () => {
  await using world = networkWorld();
  await userNetwork(world, 'app');
  await world.service.create({ Name: 'inner', Internal: true });
  const db = await world.open('db', { networkMode: 'inner' });
  const web = await world.open('web', { networkMode: 'inner' });
  world.service.renameContainer(world.request('db').containerId, 'store');
  expect((await resolve(web.netnsPath, 'store'))?.addresses).toEqual([db.endpoints.inner?.IPAddress]);
  expect((await resolve(web.netnsPath, 'db'))?.addresses).toEqual([db.endpoints.inner?.IPAddress]);
  await world.service.closeSandbox(world.request('db').containerId);
  // No way outside, so nobody else is asked.
  expect(await resolve(web.netnsPath, 'store')).toEqual({ code: 2, addresses: [] });
});

test('the resolver is taken over after a crash', async () => {
  await using world = networkWorld();
  await userNetwork(world, 'app');
  const db = await world.open('db', { networkMode: 'app' });
  await world.restart();
  await world.service.reconcile([world.request('db', { networkMode: 'app' })]);
  expect(await resolve(db.netnsPath, 'db')).toEqual({ code: 0, addresses: [db.endpoints.app?.IPAddress] });
});
