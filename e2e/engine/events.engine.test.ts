import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** Orders and attributes are those of dockerd 28.5, asked with the same commands; but it mounts volumes before it connects networks. */
describe.skipIf(dockerCommand === undefined)('events', () => {
  const { docker, said } = engineFile({ pulled: ['busybox'] });
  const past = '0.000000001';

  async function since(from: string, ...filters: string[]): Promise<readonly Event[]> {
    const wanted = filters.flatMap((filter) => ['--filter', filter]);
    const now = (Date.now() / 1000 + 0.001).toFixed(9);
    const text = await said('events', '--since', from, '--until', now, '--format', '{{json .}}', ...wanted);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line): Event => JSON.parse(line));
  }
  const told = (events: readonly Event[]) => events.map(({ Type, Action }) => `${Type} ${Action}`);

  it("tell a container's life in order, with what it takes and lets go of", async () => {
    const from = (Date.now() / 1000).toFixed(9);
    await said('network', 'create', 'net');
    await said('create', '--name', 'box', '--network', 'net', '-v', 'vol:/v:ro', 'busybox', 'sleep', '300');
    await said('start', 'box');
    await said('exec', 'box', 'true');
    expect((await docker('exec', 'box', 'nope')).code).toBe(127);
    await said('rename', 'box', 'crate');
    await said('pause', 'crate');
    await said('unpause', 'crate');
    await said('commit', 'crate', 'image:v1');
    await said('kill', '-s', 'KILL', 'crate');
    await said('wait', 'crate');
    await expect.poll(async () => told(await since(from))).toContain('container die');
    await said('rm', 'crate');
    const events = await since(from);
    expect(told(events)).toEqual([
      'network create',
      'volume create',
      'container create',
      'network connect',
      'volume mount',
      'container start',
      'container exec_create: true ',
      'container exec_start: true ',
      'container exec_die',
      'container exec_create: nope ',
      'container exec_start: nope ',
      'container rename',
      'container pause',
      'container unpause',
      'container pause',
      'image create',
      'image tag',
      'container commit',
      'container unpause',
      'container kill',
      'network disconnect',
      'volume unmount',
      'container die',
      'container destroy',
    ]);
    const attributes = (action: string) => events.find(({ Action }) => Action === action)?.Actor.Attributes;
    expect(attributes('mount')).toMatchObject({ destination: '/v', driver: 'local', 'read/write': 'false' });
    expect(attributes('rename')).toMatchObject({ name: 'crate', oldName: '/box' });
    expect(attributes('commit')).toMatchObject({ imageRef: 'image:v1', comment: '' });
    expect(attributes('kill')).toMatchObject({ signal: '9' });
    expect(attributes('die')).toMatchObject({ exitCode: '137', image: 'busybox' });
    expect(attributes('connect')).toMatchObject({ name: 'net', type: 'bridge' });
    await said('rmi', 'image:v1');
  });

  it('are chosen by filters, of which unknown ones choose nothing out', async () => {
    const from = (Date.now() / 1000).toFixed(9);
    await said('create', '--name', 'one', '-l', 'a=1', 'busybox');
    await said('create', '--name', 'one-more', '-l', 'a=2', 'busybox');
    const names = async (...filters: string[]) =>
      (await since(from, ...filters)).map(({ Actor }) => Actor.Attributes.name ?? '');
    expect(await names('container=one')).toEqual(['one', 'one-more']);
    expect(await names('container=one-more')).toEqual(['one-more']);
    expect(await names('label=a=1')).toEqual(['one']);
    expect(await names('label=a', 'label=a=2')).toEqual(['one-more']);
    expect(await names('type=network')).toEqual([]);
    expect(await names('odd=thing')).toEqual(['one', 'one-more']);
    const backwards = await docker('events', '--since', '2', '--until', '1');
    expect(backwards.stderr).toContain('`since` time (2) cannot be after `until` time (1)');
  });

  it('are kept for those who ask later, and a bound in the future ends the stream', async () => {
    await said('create', '--name', 'early', 'busybox');
    const until = (Date.now() / 1000 + 1).toFixed(9);
    const seen = docker(
      'events',
      '--since',
      past,
      '--until',
      until,
      '--format',
      '{{.Actor.Attributes.name}} {{.Action}}',
    );
    await said('rename', 'early', 'late');
    const { code, stdout } = await seen;
    expect(code).toBe(0);
    expect(stdout).toContain('early create\n');
    expect(stdout).toContain('late rename\n');
  });
});
