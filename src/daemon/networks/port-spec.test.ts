import { expect, test } from 'vitest';
import { parseSocketTable } from './port-holder.ts';
import { publishedPortMap, republished } from './port-publisher.ts';
import { allPortKeys, parsePortKey, wantedPorts } from './port-spec.ts';

const request = { exposedPorts: [], portBindings: {}, publishAllPorts: false };

test('bindings become ports: fixed, ephemeral and ranges', () => {
  const portBindings = {
    '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }, { HostPort: '' }],
    '53/udp': [{ HostPort: '8000-8010' }],
    '99': null,
  };
  expect(wantedPorts({ ...request, portBindings })).toEqual([
    { protocol: 'tcp', containerPort: 80, hostAddress: '127.0.0.1', firstHostPort: 8080, lastHostPort: 8080 },
    { protocol: 'tcp', containerPort: 80, hostAddress: '', firstHostPort: 0, lastHostPort: 0 },
    { protocol: 'udp', containerPort: 53, hostAddress: '', firstHostPort: 8000, lastHostPort: 8010 },
  ]);
});

test('publishing all adds the exposed ports that have no binding', () => {
  const all = wantedPorts({
    exposedPorts: ['80/tcp', '81/tcp'],
    portBindings: { '80': [{ HostPort: '1' }] },
    publishAllPorts: true,
  });
  expect(all.map((port) => [port.containerPort, port.firstHostPort])).toEqual([
    [80, 1],
    [81, 0],
  ]);
});

test.each(['0/tcp', '65536/tcp', 'x', '80/tcp/udp', '80/icmp', ''])('port %s is refused', (key) => {
  expect(() => parsePortKey(key)).toThrow(expect.objectContaining({ code: 'network.config-invalid' }));
});

test('broken host ports and addresses are refused', () => {
  for (const binding of [
    { HostPort: '80-70' },
    { HostPort: 'a' },
    { HostPort: '1-2-3' },
    { HostIp: 'localhost', HostPort: '1' },
  ]) {
    expect(() => wantedPorts({ ...request, portBindings: { '80/tcp': [binding] } })).toThrow(/invalid/);
  }
});

test('inspect shows exposed ports with null and published ones with their bindings', () => {
  const exposed = { exposedPorts: ['90/udp', '80/tcp'], portBindings: { '80': [{}] }, publishAllPorts: false };
  expect(allPortKeys(exposed)).toEqual(['80/tcp', '90/udp']);
  const ports = [{ protocol: 'tcp', containerPort: 80, hostAddress: '::', hostPort: 32768 }] as const;
  expect(publishedPortMap(exposed, ports)).toEqual({ '80/tcp': [{ HostIp: '::', HostPort: '32768' }], '90/udp': null });
  expect(republished(ports)[0]).toMatchObject({ hostAddress: '::', firstHostPort: 32768, lastHostPort: 32768 });
});

test("the kernel's socket tables are read: listeners only, both families", () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1',
    '   1: 0100007F:1F91 0200007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 4243 1',
    '   2: 000000000000000000000000010000000:0050 0 0A',
    '   3: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 77 1',
  ].join('\n');
  expect(parseSocketTable('tcp', text)).toEqual([
    { protocol: 'tcp', address: '127.0.0.1', port: 8080, inode: '4242' },
    { protocol: 'tcp', address: '::1', port: 80, inode: '77' },
  ]);
});
