import { expect, test } from 'vitest';
import { networkCreateOfVersion, networksOfVersion } from './network-versions.ts';

const endpoints = (EndpointsConfig: Parameters<typeof networksOfVersion>[0]['NetworkingConfig']) => EndpointsConfig;
const of = (body: Parameters<typeof networksOfVersion>[0], version: string) => networksOfVersion(body, version);

test('before 1.44 a container has one network, and its MAC address is that of the container', () => {
  const several = { NetworkingConfig: endpoints({ EndpointsConfig: { a: {}, b: {} } }) };
  expect(() => of(several, '1.43')).toThrow('Container cannot be created with multiple network endpoints: a, b');
  expect(of(several, '1.44').request).toMatchObject(several);
  const own = { NetworkingConfig: endpoints({ EndpointsConfig: { a: { MacAddress: '02:00:00:00:00:01' } } }) };
  expect(of(own, '1.43').request.NetworkingConfig?.EndpointsConfig).toEqual({ a: {} });
  const wide = { ...own, MacAddress: '02:00:00:00:00:02' };
  expect(of(wide, '1.43').request.NetworkingConfig?.EndpointsConfig?.a?.MacAddress).toBe('02:00:00:00:00:02');
  // It is the endpoint's from here on; nobody is told that the container-wide one is deprecated.
  expect(of(wide, '1.43').request.MacAddress).toBeUndefined();
  expect(() => of({ MacAddress: '02:00:00:00:00:02', HostConfig: { NetworkMode: 'host' } }, '1.43')).toThrow(
    'conflicting options: mac-address and the network mode',
  );
  expect(() => of({ ...wide, HostConfig: { NetworkMode: 'b' } }, '1.44')).toThrow(
    'HostConfig.NetworkMode must match the identity of a network',
  );
});

test('sysctls of eth0 move to the main endpoint before 1.48; since then the client has to', () => {
  const name = 'net.ipv4.conf.eth0.log_martians';
  const body = { HostConfig: { NetworkMode: 'app', Sysctls: { [name]: '1', 'net.ipv4.ip_forward': '1' } } };
  const moved = of(body, '1.47');
  expect(moved.request.HostConfig?.Sysctls).toEqual({ 'net.ipv4.ip_forward': '1' });
  expect(moved.request.NetworkingConfig?.EndpointsConfig?.app?.DriverOpts).toEqual({
    'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1',
  });
  expect(moved.warnings[0]).toMatch(/^Migrated sysctl "net\.ipv4\.conf\.eth0\.log_martians"/);
  expect(() => of(body, '1.48')).toThrow(`interface specific sysctl setting "${name}" must be supplied`);
  const second = { HostConfig: { Sysctls: { 'net.ipv4.conf.eth1.log_martians': '1' } } };
  expect(() => of(second, '1.47')).toThrow('unable to determine network endpoint for sysctl');
});

test('what came later is overlooked: gateway priorities and networks without IPv4 before 1.48', () => {
  const body = { NetworkingConfig: endpoints({ EndpointsConfig: { a: { GwPriority: 3 } } }) };
  expect(of(body, '1.47').request.NetworkingConfig?.EndpointsConfig).toEqual({ a: {} });
  expect(of(body, '1.48').request).toMatchObject(body);
  expect(networkCreateOfVersion({ Name: 'x', EnableIPv4: false }, '1.47')).toEqual({ Name: 'x' });
});
