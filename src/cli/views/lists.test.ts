import { describe, expect, it } from 'vitest';
import { fakeEngine } from '../test-support/fake-engine.ts';
import { runWharf } from '../test-support/run-wharf.ts';

const created = Math.floor(Date.now() / 1000) - 5 * 3600 - 60;
const image = `sha256:${'b'.repeat(64)}`;
const web = {
  Id: 'a'.repeat(64),
  Names: ['/web'],
  Image: 'nginx',
  ImageID: image,
  Command: 'nginx -g "daemon off;" and more',
  Created: created,
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 443, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 9000, PublicPort: 9000, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 9001, PublicPort: 9001, Type: 'tcp' },
  ],
  Labels: { a: 'b', c: 'd' },
  State: 'running',
  Status: 'Up 5 hours',
  HostConfig: { NetworkMode: 'bridge' },
  NetworkSettings: { Networks: { bridge: {} } },
  Mounts: [
    {
      Type: 'volume',
      Name: 'a-very-long-volume-name',
      Source: '/x',
      Destination: '/y',
      Driver: 'local',
      Mode: '',
      RW: true,
      Propagation: '',
    },
  ],
  SizeRw: 12_345,
  SizeRootFs: 142_000_000,
};
const job = {
  ...web,
  Id: 'c'.repeat(64),
  Names: ['/job'],
  Image: image,
  Ports: [],
  Labels: {},
  Mounts: [],
  State: 'exited',
  Status: 'Exited (0) 2 days ago',
  Command: 'sh',
};

// The expected texts are docker 28's own, printed by it from the same answers.
describe('lists equal those of docker', () => {
  it.each([
    [
      ['ps', '-a'],
      `CONTAINER ID   IMAGE          COMMAND                   CREATED       STATUS                  PORTS                                                                                NAMES
aaaaaaaaaaaa   nginx          "nginx -g \\"daemon of…"   5 hours ago   Up 5 hours              443/tcp, 0.0.0.0:9000-9001->9000-9001/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp   web
cccccccccccc   bbbbbbbbbbbb   "sh"                      5 hours ago   Exited (0) 2 days ago                                                                                        job
`,
    ],
    [['ps', '-q'], 'aaaaaaaaaaaa\ncccccccccccc\n'],
    [
      ['ps', '--format', '{{.Names}}: {{.Label "a"}} {{.Size}}'],
      'web: b 12.3kB (virtual 142MB)\njob:  12.3kB (virtual 142MB)\n',
    ],
    [
      ['ps', '--format', 'table {{.ID}}\\t{{.Names}}\\t{{.Mounts}}\\t{{.LocalVolumes}}'],
      `CONTAINER ID   NAMES     MOUNTS            LOCAL VOLUMES
aaaaaaaaaaaa   web       a-very-long-vo…   1
cccccccccccc   job                         0
`,
    ],
  ])('%j', async (argv, text) => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/json', { body: [web, job] });
    const run = await runWharf(['-H', engine.host, ...argv]);
    expect(run).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  it('ps --format json is a document a line with fields in order and escaped', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/json', { body: [{ ...job, Created: 0 }] });
    const { stdout } = await runWharf(['-H', engine.host, 'ps', '--format', 'json', '--no-trunc']);
    const fields = Object.keys(JSON.parse(stdout));
    expect(fields).toEqual([
      'Command',
      'CreatedAt',
      'ID',
      'Image',
      'Labels',
      'LocalVolumes',
      'Mounts',
      'Names',
      'Networks',
      'Platform',
      'Ports',
      'RunningFor',
      'Size',
      'State',
      'Status',
    ]);
    expect(stdout).toContain('"Platform":null');
  });

  it('images, with digests and dangling ones', async () => {
    await using engine = await fakeEngine();
    const digest = `sha256:${'e'.repeat(64)}`;
    const busybox = {
      Id: `sha256:${'d'.repeat(64)}`,
      ParentId: '',
      RepoTags: ['busybox:latest', 'busybox:1.36'],
      RepoDigests: [`busybox@${digest}`],
      Created: created,
      Size: 4_261_550,
      SharedSize: -1,
      Labels: null,
      Containers: -1,
    };
    engine.on('GET /images/json', {
      body: [busybox, { ...busybox, Id: `sha256:${'f'.repeat(64)}`, RepoTags: [], RepoDigests: [], Size: 999_900 }],
    });
    expect((await runWharf(['-H', engine.host, 'images'])).stdout).toBe(
      `REPOSITORY   TAG       IMAGE ID       CREATED       SIZE
busybox      latest    dddddddddddd   5 hours ago   4.26MB
busybox      1.36      dddddddddddd   5 hours ago   4.26MB
<none>       <none>    ffffffffffff   5 hours ago   1e+03kB
`,
    );
    const { stdout } = await runWharf([
      '-H',
      engine.host,
      'images',
      '--format',
      '{{.Repository}}:{{.Tag}}@{{.Digest}}',
    ]);
    expect(stdout).toBe(`busybox:latest@${digest}\nbusybox:1.36@${digest}\n<none>:<none>@<none>\n`);
  });

  it('inspect is an array indented by four and exits with 1 when one is missing', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/web/json', { body: { Id: 'x', State: { Running: true }, Mounts: [] } });
    const run = await runWharf(['-H', engine.host, 'inspect', 'web', 'nope']);
    expect(run.code).toBe(1);
    expect(run.stdout).toBe(
      '[\n    {\n        "Id": "x",\n        "State": {\n            "Running": true\n        },\n        "Mounts": []\n    }\n]\n',
    );
    expect(run.stderr).toContain('wharf: inspect: no such object: nope\n');
    expect((await runWharf(['-H', engine.host, 'inspect', '-f', '{{.State.Running}}', 'web'])).stdout).toBe('true\n');
    expect((await runWharf(['-H', engine.host, 'inspect', '-f', '{{.Nope}}', 'web'])).code).toBe(1);
  });

  it('a template with an unknown field names the fields there are', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/json', { body: [web] });
    const run = await runWharf(['-H', engine.host, 'ps', '--format', '{{.Nope}}']);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/template parsing error: .*"Nope"\nFields: Command, CreatedAt, ID/);
  });
});
