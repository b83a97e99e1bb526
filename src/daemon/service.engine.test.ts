import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import type { ClientTls } from '../client/node/tls-socket.ts';
import { clientOf, daemonTestWorld, patient } from './daemon-test-world.ts';

const world = daemonTestWorld();

/** An authority, and a certificate of its own for 127.0.0.1, in a folder named as docker names them. */
function certificates(name: string): { readonly ca: string; readonly cert: string; readonly key: string } {
  const at = (file: string) => `${world.folder}/${name}-${file}.pem`;
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', at('ca-key'), '-out', at('ca'), '-subj', `/CN=${name} authority`);
  openssl(
    ...['req', '-x509', ...newKey, '-keyout', at('key'), '-out', at('cert'), '-subj', '/CN=localhost'],
    ...['-CA', at('ca'), '-CAkey', at('ca-key'), '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
  return { ca: at('ca'), cert: at('cert'), key: at('key') };
}

describe('TLS on TCP', () => {
  it('lets in who has a certificate of the authority, and nobody else', async () => {
    const ours = certificates('ours');
    const foreign = certificates('foreign');
    const files = ['--tlscacert', ours.ca, '--tlscert', ours.cert, '--tlskey', ours.key];
    const daemon = world.start(['-H', 'tcp://127.0.0.1:0', '--tlsverify', ...files]);
    const address = await daemon.address();
    const ask = (tls?: ClientTls) => clientOf(address, tls).call('SystemInfo');
    expect((await ask({ verify: true, ...ours })).Warnings ?? []).not.toContainEqual(expect.stringContaining('API'));
    await expect(ask({ verify: false, ...foreign })).rejects.toThrow(/certificate/);
    const nothing = `${world.folder}/none`;
    await expect(ask({ verify: true, ca: ours.ca, cert: nothing, key: nothing })).rejects.toThrow(/certificate/);
    await expect(ask({ verify: true, ...foreign })).rejects.toThrow('can not be trusted');
    await expect(ask()).rejects.toMatchObject({ code: expect.stringMatching(/daemon\.unreachable|engine\.protocol/) });
  });

  it('without verification encrypts only, and says what that means', async () => {
    const { cert, key } = certificates('ours');
    const daemon = world.start([
      '-H',
      'tcp://127.0.0.1:0',
      '--tls',
      '--tlsverify=false',
      '--tlscert',
      cert,
      '--tlskey',
      key,
    ]);
    const info = await clientOf(await daemon.address(), { verify: false, ca: '', cert: '', key: '' }).call(
      'SystemInfo',
    );
    expect(info.Warnings?.join()).toContain('without TLS client verification');
  });

  it('does not start with files that are missing', async () => {
    const daemon = world.start(['-H', 'tcp://127.0.0.1:0', '--tls', '--tlscert=/nowhere', '--tlskey=/nowhere']);
    expect(await daemon.ended).toBe(1);
    expect(daemon.output()).toContain('invalid TLS configuration');
  });
});

describe('under systemd', () => {
  it('listens on the socket it is given, leaves its file, and says when it is ready and when it ends', async () => {
    const path = `${world.folder}/api.sock`;
    using activator = boundSocket(path, 'stream');
    using messages = notifySocket(`${world.folder}/notify.sock`);
    const env = { LISTEN_FDS: '1', LISTEN_FDNAMES: 'api', NOTIFY_SOCKET: messages.path };
    const daemon = world.start(['-H', 'fd://api'], { env, socketFd: activator.fd });
    expect(await daemon.address()).toBe('fd://api');
    expect((await clientOf(`unix://${path}`).call('SystemInfo')).DockerRootDir).toBe(`${world.folder}/data`);
    await expect.poll(messages.received, patient).toContain('READY=1');
    daemon.process.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(messages.received()).toContain('STOPPING=1');
    expect(statSync(path).isSocket()).toBe(true);
  });

  it('says so when no socket came', async () => {
    const daemon = world.start(['-H', 'fd://']);
    expect(await daemon.ended).toBe(1);
    expect(daemon.output()).toContain('no sockets found via socket activation');
  });
});

/** A bound socket that nobody in this process reads by itself, as systemd holds it; Node has none. */
function boundSocket(path: string, kind: 'stream' | 'datagram') {
  const libc = koffi.load('libc.so.6');
  const [family, stream, datagram, nonBlock] = [1, 1, 2, 0x800];
  const fd = Number(
    libc.func('int socket(int, int, int)')(family, kind === 'stream' ? stream : datagram + nonBlock, 0),
  );
  const address = Buffer.alloc(110);
  address.writeUInt16LE(family, 0);
  address.write(path, 2);
  libc.func('int bind(int, const void *, uint32_t)')(fd, address, address.length);
  if (kind === 'stream') libc.func('int listen(int, int)')(fd, 16);
  return { fd, path, [Symbol.dispose]: () => void libc.func('int close(int)')(fd) };
}

function notifySocket(path: string) {
  const socket = boundSocket(path, 'datagram');
  let text = '';
  return {
    ...socket,
    received() {
      const buffer = Buffer.alloc(4096);
      for (;;) {
        try {
          text += `${buffer.toString('utf8', 0, readSync(socket.fd, buffer))}\n`;
        } catch {
          return text;
        }
      }
    },
  };
}

describe('while it runs', () => {
  it('takes its settings anew on SIGHUP, with an event; a broken file changes nothing', async () => {
    const config = `${world.folder}/daemon.json`;
    writeFileSync(config, '{"labels":["a=1"]}');
    const daemon = world.start(['--config-file', config]);
    const engine = clientOf(await daemon.address());
    const stop = new AbortController();
    const events = engine.jsonStream('SystemEvents', { query: { since: '1' }, signal: stop.signal });
    writeFileSync(config, '{"labels":["a=2"],"debug":true,"shutdown-timeout":7,"mtu":1400}');
    daemon.process.kill('SIGHUP');
    const { value: event } = await events.next();
    stop.abort();
    expect(event).toMatchObject({
      Type: 'daemon',
      Action: 'reload',
      Actor: {
        Attributes: {
          debug: 'true',
          labels: '["a=2"]',
          'shutdown-timeout': '7',
          'live-restore': 'false',
          features: 'map[]',
        },
      },
    });
    await expect.poll(() => daemon.output(), patient).toMatch(/wait for the next start.*networks/);
    expect(await engine.call('SystemInfo')).toMatchObject({ Labels: ['a=2'], Debug: true });
    writeFileSync(config, '{"labels":');
    daemon.process.kill('SIGHUP');
    await expect.poll(() => daemon.output(), patient).toContain('the configuration was not reloaded');
    expect((await engine.call('SystemInfo')).Labels).toEqual(['a=2']);
  });

  it('writes its state on SIGUSR1, for root only and without secrets', async () => {
    const daemon = world.start(['--http-proxy', 'http://me:hunter2@127.0.0.1:1']);
    await daemon.ready();
    daemon.process.kill('SIGUSR1');
    await expect.poll(() => daemon.output(), patient).toContain('state of the daemon written to');
    const path = `${world.folder}/run/${readdirSync(`${world.folder}/run`).find((file) => file.startsWith('wharfd-state-'))}`;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ state: { containers: { total: 0 } } });
    expect(JSON.parse(text).node.environmentVariables).toBeUndefined();
    rmSync(path);
  });

  it('serves metrics and logs JSON when asked', async () => {
    const daemon = world.start(['--metrics-addr', '127.0.0.1:0', '--log-format', 'json', '-D']);
    const engine = clientOf(await daemon.address());
    await engine.call('VolumeCreate', { body: { Name: 'vol1' } });
    const records = daemon
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const page = records.find(({ msg }) => msg === 'metrics API listening').address;
    const text = await (await fetch(page)).text();
    expect(text).toMatch(/^engine_daemon_events_total [1-9]/m);
    expect(text).toContain('engine_daemon_container_states_containers{state="running"} 0');
    expect(text).toMatch(/^engine_daemon_container_actions_seconds_count\{action="start"\} 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect((await fetch(page.replace('/metrics', '/'))).status).toBe(404);
    await engine.call('VolumeDelete', { params: { name: 'vol1' }, query: {} });
  });

  it('has a neighbour with the same names that it does not touch', async () => {
    const [first, second] = [world.start([], { name: '1' }), world.start([], { name: '2' })];
    const engines = [clientOf(await first.address()), clientOf(await second.address())];
    for (const engine of engines) {
      await engine.call('VolumeCreate', { body: { Name: 'same' } });
      await engine.call('NetworkCreate', { body: { Name: 'same' } });
    }
    first.process.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const [, left] = engines;
    expect((await left?.call('VolumeList'))?.Volumes).toHaveLength(1);
    expect((await left?.call('NetworkList'))?.map(({ Name }) => Name)).toContain('same');
    await left?.call('NetworkDelete', { params: { id: 'same' } });
  });
});
