import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

describe.skipIf(dockerCommand === undefined)('the engine', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'] });

  it('agrees with the docker command on a version of the API, older ones included', async () => {
    const told = JSON.parse(await said('version', '--format', 'json'));
    expect(told.Server).toMatchObject({ Os: 'linux', MinAPIVersion: '1.24' });
    expect(told.Client.ApiVersion).toMatch(/^1\.\d+$/);
    const old = await world().docker(['ps', '-q'], { env: { ...world().env, DOCKER_API_VERSION: '1.24' } });
    expect(old).toMatchObject({ code: 0, stderr: '' });
    const future = await world().docker(['ps'], { env: { ...world().env, DOCKER_API_VERSION: '1.99' } });
    expect(future.code).toBe(1);
    expect(future.stderr).toMatch(/client version 1\.99 is too new\. Maximum supported API version is 1\.\d+/);
    const ancient = await world().docker(['ps'], { env: { ...world().env, DOCKER_API_VERSION: '1.12' } });
    expect(ancient.stderr).toMatch(/client version 1\.12 is too old\. Minimum supported API version is 1\.24/);
  });

  it('tells about itself', async () => {
    await said('run', '-d', 'busybox', 'sleep', '300');
    const info = JSON.parse(await said('info', '--format', 'json'));
    expect(info).toMatchObject({
      Containers: 1,
      ContainersRunning: 1,
      DockerRootDir: world().dataRoot,
      OSType: 'linux',
      Images: expect.any(Number),
    });
    expect(await said('info')).toContain('Server:');
  });

  it('counts what takes space, and takes back what nobody uses', async () => {
    await said('run', '--name', 'ended', 'busybox', 'sh', '-c', 'head -c 1000000 /dev/zero > /file');
    await said('volume', 'create', 'kept');
    await said('run', '-d', '--name', 'user', '-v', 'kept:/kept', '-v', '/anonymous', 'busybox', 'sleep', '300');
    await said('run', '--name', 'other', '-v', '/anonymous', 'busybox', 'true');
    const rows = (await said('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}')).split('\n');
    expect(rows).toEqual(expect.arrayContaining(['Images 1 1', 'Containers 3 1', 'Local Volumes 3 3']));
    expect(await said('ps', '-as', '--filter', 'name=ended', '--format', '{{.Size}}')).toMatch(/^1MB \(virtual /);
    expect(await said('container', 'prune', '-f')).toMatch(
      /Deleted Containers:\n[0-9a-f]{64}\n[0-9a-f]{64}\n\nTotal reclaimed space: 1\.?\d*MB/,
    );
    expect(await said('volume', 'prune', '-f')).toMatch(/Deleted Volumes:\n[0-9a-f]{64}\n\nTotal/);
    expect((await said('volume', 'ls', '-q')).split('\n')).toHaveLength(2);
    await said('network', 'create', 'unused');
    expect(await said('network', 'prune', '-f')).toBe('Deleted Networks:\nunused\n');
    await said('rm', '-f', 'user');
    expect(await said('volume', 'prune', '-f', '-a')).toContain('kept');
  });

  it('refuses to remove a volume in use', async () => {
    await said('run', '-d', '--name', 'box', '-v', 'held:/v', 'busybox', 'sleep', '300');
    const refused = await docker('volume', 'rm', 'held');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/remove held: volume is in use - \[[0-9a-f]{64}\]/);
    expect((await docker('volume', 'inspect', 'nothing')).stderr).toMatch(
      /no such volume: nothing|nothing: no such volume/,
    );
  });

  it('tells what happens while it happens, and what has happened', async () => {
    await using events = world().start('docker', [
      'events',
      '--format',
      '{{.Type}} {{.Action}} {{index .Actor.Attributes "name"}}',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const since = Math.floor(Date.now() / 1000) - 1;
    await said('run', '--rm', '--name', 'told', 'busybox', 'true');
    await events.saw(/container destroy told/);
    const seen = events.stdout().split('\n');
    for (const action of ['create', 'attach', 'start', 'die', 'destroy'])
      expect(seen).toContain(`container ${action} told`);
    expect(seen).toEqual(expect.arrayContaining(['network connect bridge', 'network disconnect bridge']));
    const past = await said(
      'events',
      '--since',
      String(since),
      '--until',
      String(since + 3),
      '--filter',
      'event=die',
      '--filter',
      'container=told',
      '--format',
      '{{.Actor.Attributes.exitCode}}',
    );
    expect(past).toBe('0');
  });

  it('answers broken requests with a reason, and goes on', async () => {
    const post = (path: string, type: string, body: string) =>
      raw(
        world().socket,
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    expect(await post('/v1.44/containers/create', 'application/json', '{"Image": ')).toMatch(
      /^HTTP\/1\.1 400 .*"message":/s,
    );
    expect(await post('/v1.44/containers/create', 'application/json', '{"Image": 5}')).toMatch(
      /^HTTP\/1\.1 400 .*Image/s,
    );
    expect(await post('/v1.44/containers/create', 'application/json', '[]')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await post('/v1.44/containers/create', 'text/plain', 'hello')).toMatch(/^HTTP\/1\.1 (400|415) /);
    expect(await post('/v1.44/no/such/page', 'application/json', '{}')).toMatch(
      /^HTTP\/1\.1 404 .*"message":"page not found"/s,
    );
    expect(
      await raw(
        world().socket,
        'GET /v1.44/containers/json?all=perhaps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      ),
    ).toMatch(/^HTTP\/1\.1 (200|400) /);
    expect(
      await raw(
        world().socket,
        'GET /v1.44/containers/json?filters=%7B HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      ),
    ).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(world().socket, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await said('ps', '-q')).toBe('');
  });
});

/** Sends these bytes; answers all that comes back. */
function raw(socket: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket, () => connection.write(bytes));
    let text = '';
    connection.on('data', (chunk) => {
      text += String(chunk);
    });
    connection.on('close', () => resolve(text));
    connection.on('error', reject);
    connection.setTimeout(5000, () => connection.destroy(new Error(`no end of the answer; so far ${text}`)));
  });
}
