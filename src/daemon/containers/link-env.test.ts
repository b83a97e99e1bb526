import { expect, test } from 'vitest';
import { linkEnv } from './link-env.ts';

test('a link tells ports, TCP first and ranges as such, its name, and the environment but HOME and PATH', () => {
  const linked = {
    linkName: '/web/my-db',
    address: '172.17.0.2',
    env: ['A=1', 'PATH=/bin', 'HOME=/h', 'NONE', 'HOMES=2'],
    exposedPorts: ['53/udp', '81/tcp', '80/tcp'],
  };
  expect(linkEnv(linked)).toEqual([
    'MY_DB_PORT=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_80_TCP_PORT=80',
    'MY_DB_PORT_80_TCP_PROTO=tcp',
    'MY_DB_PORT_81_TCP=tcp://172.17.0.2:81',
    'MY_DB_PORT_81_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_81_TCP_PORT=81',
    'MY_DB_PORT_81_TCP_PROTO=tcp',
    'MY_DB_PORT_80_TCP_START=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP_PORT_START=80',
    'MY_DB_PORT_80_TCP_END=tcp://172.17.0.2:81',
    'MY_DB_PORT_80_TCP_PORT_END=81',
    'MY_DB_PORT_53_UDP=udp://172.17.0.2:53',
    'MY_DB_PORT_53_UDP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    'MY_DB_NAME=/web/my-db',
    'MY_DB_ENV_A=1',
    'MY_DB_ENV_HOMES=2',
  ]);
  expect(linkEnv({ ...linked, exposedPorts: [], env: [] })).toEqual(['MY_DB_NAME=/web/my-db']);
});
