import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

const serve = (text: string) => [
  'busybox',
  'sh',
  '-c',
  `mkdir /w; echo ${text} > /w/index.html; exec httpd -f -p 80 -h /w`,
];

function get(port: string, address = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port, timeout: 3000, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (bytes) => {
        text += String(bytes);
      });
      answer.on('end', () => resolve(text.trim()));
    });
    asked.on('timeout', () => asked.destroy(new Error('timed out')));
    asked.on('error', reject);
    asked.end();
  });
}

describe.skipIf(dockerCommand === undefined)('networks', () => {
  const { docker, said } = engineFile({ pulled: ['busybox'] });
  const portOf = async (name: string) => (await said('port', name, '80')).split('\n')[0]?.split(':').at(-1) ?? '';
  const reached = (from: string, name: string) =>
    docker('exec', from, 'timeout', '2', 'wget', '-qO-', `http://${name}/`);

  it('bring a published port to 127.0.0.1, and take it away with the container', async () => {
    await said('run', '-d', '--name', 'web', '-p', '127.0.0.1::80', ...serve('hello'));
    const port = await portOf('web');
    await expect.poll(() => get(port).catch(String)).toBe('hello');
    expect(await said('ps', '--format', '{{.Ports}}')).toBe(`127.0.0.1:${port}->80/tcp`);
    await said('stop', '-t', '0', 'web');
    await expect(get(port)).rejects.toThrow(/ECONNREFUSED/);
    await said('start', 'web');
    await expect.poll(async () => get(await portOf('web')).catch(String)).toBe('hello');
  });

  it('publish every exposed port with -P', async () => {
    await said('run', '-d', '--name', 'web', '--expose', '80', '-P', ...serve('all'));
    await expect.poll(async () => get(await portOf('web')).catch(String)).toBe('all');
  });

  it('let containers find each other by name and alias on a network of their own, and nobody else', async () => {
    await said('network', 'create', 'backend');
    await said('run', '-d', '--name', 'web', '--network', 'backend', '--network-alias', 'www', ...serve('named'));
    await said('run', '-d', '--name', 'near', '--network', 'backend', 'busybox', 'sleep', '300');
    await said('run', '-d', '--name', 'far', 'busybox', 'sleep', '300');
    await expect.poll(async () => (await reached('near', 'web')).stdout).toBe('named\n');
    expect((await reached('near', 'www')).stdout).toBe('named\n');
    expect((await reached('far', 'web')).code).not.toBe(0);
    const address = await said('inspect', '-f', '{{.NetworkSettings.Networks.backend.IPAddress}}', 'web');
    expect((await reached('far', address)).code).not.toBe(0);
    expect((await reached('near', address)).stdout).toBe('named\n');

    await said('network', 'connect', 'backend', 'far');
    expect((await reached('far', 'web')).stdout).toBe('named\n');
    await said('network', 'disconnect', 'backend', 'far');
    expect((await reached('far', 'web')).code).not.toBe(0);
  });

  it('have the subnet, the gateway and the addresses they were told', async () => {
    await said('network', 'create', '--subnet', '10.213.7.0/24', '--gateway', '10.213.7.9', '--label', 'a=b', 'fixed');
    const told = await said(
      'run',
      '--rm',
      '--network',
      'fixed',
      '--ip',
      '10.213.7.77',
      'busybox',
      'sh',
      '-c',
      'ip -o -4 addr show eth0; ip route',
    );
    expect(told).toMatch(/inet 10\.213\.7\.77\/24/);
    expect(told).toMatch(/default via 10\.213\.7\.9 dev eth0/);
    const [network] = JSON.parse(await said('network', 'inspect', 'fixed'));
    expect(network).toMatchObject({
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: '10.213.7.0/24', Gateway: '10.213.7.9' }] },
      Labels: { a: 'b' },
    });
    const overlapping = await docker('network', 'create', '--subnet', '10.213.7.128/25', 'other');
    expect(overlapping.code).toBe(1);
    expect(overlapping.stderr).toMatch(/overlap/);
  });

  it('are listed and refuse to go while somebody is in them', async () => {
    await said('network', 'create', 'used');
    expect((await said('network', 'ls', '--format', '{{.Name}} {{.Driver}}')).split('\n').sort()).toEqual([
      'bridge bridge',
      'host host',
      'none null',
      'used bridge',
    ]);
    await said('run', '-d', '--name', 'box', '--network', 'used', 'busybox', 'sleep', '300');
    const refused = await docker('network', 'rm', 'used');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/has active endpoints/);
    expect(refused.stderr).toContain('box');
    expect((await docker('network', 'rm', 'bridge')).stderr).toMatch(
      /bridge is a pre-defined network and cannot be removed/,
    );
    expect((await docker('network', 'create', 'used')).stderr).toMatch(/network with name used already exists/);
    expect((await docker('run', '--rm', '--network', 'nowhere', 'busybox', 'true')).stderr).toMatch(
      /network nowhere not found/,
    );
  });

  it('cut a container off with --internal, and keep the host out with none', async () => {
    await said('network', 'create', '--internal', 'inside');
    const routes = await said('run', '--rm', '--network', 'inside', 'busybox', 'ip', 'route');
    expect(routes).not.toContain('default');
    expect(await said('run', '--rm', '--network', 'host', 'busybox', 'sh', '-c', 'ls /sys/class/net | wc -l')).not.toBe(
      '1',
    );
  });

  it('say who has a port that is taken', async () => {
    await said('run', '-d', '--name', 'first', '-p', '127.0.0.1::80', ...serve('first'));
    const port = await portOf('first');
    const second = await docker('run', '-d', '--name', 'second', '-p', `127.0.0.1:${port}:80`, ...serve('second'));
    expect(second.code).toBe(125);
    expect(second.stderr).toMatch(new RegExp(`${port}.*port is already allocated`));
    expect(second.stderr).toMatch(/first/);
    expect(await said('ps', '--format', '{{.Names}}')).toBe('first');
  });
});
