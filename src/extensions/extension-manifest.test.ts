import { expect, test } from 'vitest';
import { parseComposeFile } from './compose-file.ts';
import { parseExtensionManifest, substitutePluginImage } from './extension-manifest.ts';
import { derivePermissions, requireGranted } from './extension-permissions.ts';
import { packageNameOf, splitReference } from './package-image.ts';
import { parsePluginSpec } from './plugin-spec.ts';
import { highestVersion } from './version-tags.ts';

const full = JSON.stringify({
  icon: 'icon.svg',
  ui: { 'dashboard-tab': { title: 'Disk usage', root: '/ui', src: 'index.html' } },
  vm: { composefile: 'docker-compose.yaml', exposes: { socket: 'backend.sock' } },
  host: {
    binaries: [
      {
        darwin: [{ path: '/darwin/tool' }],
        windows: [{ path: '/windows/tool.exe' }],
        linux: [{ path: '/linux/tool' }],
      },
    ],
  },
});
const compose = `
services:
  backend:
    image: \${DESKTOP_PLUGIN_IMAGE}
    command: serve --name "two words"
    environment: { LEVEL: debug, EMPTY: , COUNT: 3 }
    ports: ["9000:80", "53/udp", "0.0.0.0:9443:443"]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock", "data:/data", "/etc:/host-etc:ro"]
  helper:
    image: alpine
    network_mode: host
    cap_add: [NET_ADMIN]
`;

test('a manifest of Docker’s contract is read for this platform', () => {
  expect(parseExtensionManifest(full, 'linux')).toEqual({
    icon: 'icon.svg',
    ui: { title: 'Disk usage', root: '/ui', src: 'index.html' },
    vm: { kind: 'compose', file: 'docker-compose.yaml' },
    socket: 'backend.sock',
    hostBinaries: ['/linux/tool'],
  });
  expect(parseExtensionManifest(full, 'win32').hostBinaries).toEqual(['/windows/tool.exe']);
});

test.each([
  ['not json', 'not valid JSON'],
  ['[]', '/metadata.json'],
  ['{"ui":{"dashboard-tab":{"title":"x","src":"../../etc/passwd"}}}', 'leaves its root'],
  ['{"ui":{"dashboard-tab":{"title":"x"}}}', 'required'],
  ['{"vm":{}}', 'either image or composefile'],
  ['{"vm":{"image":"a","composefile":"b"}}', 'either image or composefile'],
  ['{"vm":{"image":"a","exposes":{"socket":"../x.sock"}}}', 'socket'],
])('a broken manifest says what is wrong: %s', (text, message) => {
  expect(() => parseExtensionManifest(text, 'linux')).toThrow(message);
});

test('services, ports, volumes and environment of a Compose file are understood', () => {
  const [backend, helper] = parseComposeFile(substitutePluginImage(compose, 'acme/disk:1'));
  expect(backend).toMatchObject({
    image: 'acme/disk:1',
    command: ['serve', '--name', 'two words'],
    environment: ['LEVEL=debug', 'COUNT=3'],
    ports: [
      { containerPort: 80, hostPort: 9000, protocol: 'tcp', hostIp: '127.0.0.1' },
      { containerPort: 53, hostPort: undefined, protocol: 'udp', hostIp: '127.0.0.1' },
      { containerPort: 443, hostPort: 9443, protocol: 'tcp', hostIp: '0.0.0.0' },
    ],
  });
  expect(backend?.mounts).toContainEqual({ kind: 'volume', source: 'data', target: '/data', readOnly: false });
  expect(helper).toMatchObject({ networkMode: 'host', capAdd: ['NET_ADMIN'] });
});

test.each([
  ['services: {}', 'no services'],
  ['a: [', 'not valid YAML'],
  ['services: { x: { build: . } }', 'no image'],
  ['services: { x: { image: a, volumes: ["./here:/there"] } }', 'relative'],
  ['services: { x: { image: a, ports: ["99999:1"] } }', 'not a port'],
])('a Compose file Wharf can not run is refused: %s', (text, message) => {
  expect(() => parseComposeFile(text)).toThrow(message);
});

test('permissions name everything the extension could do', () => {
  const permissions = derivePermissions(parseExtensionManifest(full, 'linux'), parseComposeFile(compose));
  expect(permissions).toEqual({
    hostBinaries: ['tool'],
    dockerCli: true,
    sockets: ['/var/run/docker.sock'],
    mounts: ['/etc -> /host-etc (read only)'],
    volumes: ['data'],
    ports: ['0.0.0.0:9443 -> 443/tcp', '9000 -> 80/tcp', 'ephemeral -> 53/udp'],
    network: 'host',
    privileged: false,
    capabilities: ['NET_ADMIN'],
  });
});

test('what was not agreed to is refused by name', () => {
  const wanted = derivePermissions(parseExtensionManifest(full, 'linux'), parseComposeFile(compose));
  expect(() => requireGranted(wanted, wanted)).not.toThrow();
  expect(() => requireGranted(wanted, { ...wanted, mounts: [], network: 'bridge' })).toThrow(
    'mounts /etc -> /host-etc (read only), network host',
  );
  expect(() => requireGranted({ ...wanted, privileged: true }, wanted)).toThrow('privileged containers');
});

test('the highest semantic version is chosen, pre-releases last', () => {
  expect(highestVersion(['latest', '1.2.0', 'v1.10.1', '1.9', '2.0.0-rc.1'])).toBe('v1.10.1');
  expect(highestVersion(['2.0.0-rc.2', '2.0.0-rc.10'])).toBe('2.0.0-rc.10');
  expect(highestVersion(['latest', 'edge'])).toBeUndefined();
});

test('package names are fit for files, labels and host names', () => {
  expect(packageNameOf('docker.io/library/Adminer:4')).toBe('adminer');
  expect(packageNameOf('localhost:5055/acme/disk_usage@sha256:00')).toBe('acme-disk-usage');
  expect(packageNameOf('wharf/hello')).toBe('wharf-hello');
  expect(splitReference('reg:5000/a/b:1')).toEqual({ repository: 'reg:5000/a/b', tag: '1', digest: undefined });
});

test('a plugin is described by its labels', () => {
  const spec = parsePluginSpec({
    'io.wharf.plugin.port': '8080',
    'io.wharf.plugin.volumes': 'data:/var/lib/x, conf:/etc/x',
    'io.wharf.plugin.env': 'A=1,B=two',
    'io.wharf.plugin.socket': 'true',
  });
  expect(spec).toMatchObject({ port: 8080, path: '/', environment: ['A=1', 'B=two'], wantsSocket: true });
  expect(spec.permissions).toMatchObject({
    sockets: ['/var/run/docker.sock'],
    volumes: ['conf', 'data'],
    ports: ['ephemeral -> 8080/tcp'],
  });
  expect(() => parsePluginSpec({})).toThrow('not a plugin');
  expect(() => parsePluginSpec({ 'io.wharf.plugin.port': '80', 'io.wharf.plugin.volumes': '/etc:/x' })).toThrow(
    'volumes',
  );
});
