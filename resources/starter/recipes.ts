/**
 * The starter images, as data: what `npm start` puts into the embedded registry, so that the main job works with no
 * internet beyond the package registries. All of it comes from Debian's packages and from files in this folder.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Debian release all starter images come from. */
export const suite = 'bookworm';
export const mirror = process.env.WHARF_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
export const securityMirror = process.env.WHARF_DEBIAN_SECURITY_MIRROR ?? 'http://deb.debian.org/debian-security';

const here = import.meta.dirname;
const file = (name: string) => readFileSync(path.join(here, name), 'utf8');
const icon = (name: string) => `data:image/svg+xml;base64,${Buffer.from(file(`icons/${name}.svg`)).toString('base64')}`;

export interface RunConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly StopSignal?: string;
}

export interface Recipe {
  /** Repository in the embedded registry, as on Docker Hub. */
  readonly name: string;
  /** `latest` is always added. */
  readonly tags: readonly string[];
  /** A recipe this one adds a layer to; undefined: starts from nothing. */
  readonly from?: string;
  /** How the layer's files come about. */
  readonly layer:
    | { readonly kind: 'busybox' }
    | { readonly kind: 'debootstrap' }
    | {
        readonly kind: 'install';
        /** Debian packages, without recommended ones. */
        readonly packages: readonly string[];
        /** Shell lines run in the root after the packages. */
        readonly script?: string;
        /** Files written into the root after that: path to content and mode. */
        readonly files?: Readonly<Record<string, { readonly content: string; readonly mode?: number }>>;
      };
  readonly config: RunConfig;
  readonly labels: Readonly<Record<string, string>>;
}

const path0 = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const label = (title: string, description: string, iconName: string, kind = 'image') => ({
  'io.wharf.kind': kind,
  'io.wharf.icon': icon(iconName),
  'org.opencontainers.image.title': title,
  'org.opencontainers.image.description': description,
  'org.opencontainers.image.vendor': 'Wharf starter images',
});

export const recipes: readonly Recipe[] = [
  {
    name: 'library/busybox',
    tags: ['1.35'],
    layer: { kind: 'busybox' },
    config: { Env: [path0], Cmd: ['sh'] },
    labels: label('BusyBox', 'Over three hundred small Unix tools in one static program.', 'busybox'),
  },
  {
    name: 'library/hello-wharf',
    tags: ['1.0'],
    from: 'library/busybox',
    layer: { kind: 'install', packages: [], files: { '/hello-wharf.txt': { content: file('files/hello-wharf.txt') } } },
    config: { Env: [path0], Cmd: ['cat', '/hello-wharf.txt'] },
    labels: label('Hello from Wharf', 'Prints what just happened, step by step. The first container to run.', 'hello'),
  },
  {
    name: 'library/debian',
    tags: ['12', suite, `${suite}-slim`],
    layer: { kind: 'debootstrap' },
    config: { Env: [path0], Cmd: ['bash'] },
    labels: label('Debian', 'A small Debian 12 with apt, for building on and for looking around.', 'debian'),
  },
  {
    name: 'library/nginx',
    tags: ['1.22'],
    from: 'library/debian',
    layer: {
      kind: 'install',
      packages: ['nginx-light'],
      script:
        'ln -sf /dev/stdout /var/log/nginx/access.log; ln -sf /dev/stderr /var/log/nginx/error.log; rm -f /var/www/html/index.nginx-debian.html',
      files: { '/var/www/html/index.html': { content: file('files/nginx-index.html') } },
    },
    config: {
      Env: [path0],
      Cmd: ['nginx', '-g', 'daemon off;'],
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGQUIT',
    },
    labels: label('nginx', 'A web server and reverse proxy. Serves /var/www/html on port 80.', 'nginx'),
  },
  {
    name: 'library/redis',
    tags: ['7.0'],
    from: 'library/debian',
    layer: {
      kind: 'install',
      packages: ['redis-server'],
      script: 'mkdir -p /data && chown redis:redis /data',
    },
    config: {
      Env: [path0],
      Cmd: ['redis-server', '--protected-mode', 'no', '--dir', '/data'],
      User: 'redis',
      WorkingDir: '/data',
      ExposedPorts: { '6379/tcp': {} },
      Volumes: { '/data': {} },
    },
    labels: label('Redis', 'A database in memory that keeps its data in a volume. Listens on port 6379.', 'redis'),
  },
  {
    name: 'library/postgres',
    tags: ['15'],
    from: 'library/debian',
    layer: {
      kind: 'install',
      packages: ['postgresql-15'],
      // The cluster Debian makes at install time would freeze one set of keys into the image.
      script:
        'pg_dropcluster --stop 15 main || true; rm -rf /var/lib/postgresql/15; mkdir -p /var/lib/postgresql/data /run/postgresql && chown -R postgres:postgres /var/lib/postgresql /run/postgresql',
      files: { '/usr/local/bin/docker-entrypoint.sh': { content: file('files/postgres-entrypoint.sh'), mode: 0o755 } },
    },
    config: {
      Env: [`${path0}:/usr/lib/postgresql/15/bin`, 'PGDATA=/var/lib/postgresql/data', 'LANG=C.UTF-8'],
      Entrypoint: ['docker-entrypoint.sh'],
      Cmd: ['postgres'],
      ExposedPorts: { '5432/tcp': {} },
      Volumes: { '/var/lib/postgresql/data': {} },
      StopSignal: 'SIGINT',
    },
    labels: label('PostgreSQL', 'The relational database. Wants POSTGRES_PASSWORD at its first start.', 'postgres'),
  },
  {
    name: 'wharf/adminer',
    tags: ['4.8.1'],
    from: 'library/debian',
    layer: {
      kind: 'install',
      packages: ['php-cli', 'php-pgsql', 'php-mysql', 'php-sqlite3', 'adminer'],
      files: { '/srv/adminer/index.php': { content: "<?php\ninclude '/usr/share/adminer/adminer.php';\n" } },
    },
    config: {
      Env: [path0],
      Cmd: ['php', '-S', '0.0.0.0:8080', '-t', '/srv/adminer'],
      User: 'www-data',
      ExposedPorts: { '8080/tcp': {} },
    },
    labels: {
      ...label('Adminer', 'Look into PostgreSQL, MySQL and SQLite databases from the browser.', 'adminer', 'plugin'),
      'io.wharf.plugin.port': '8080',
      'org.opencontainers.image.version': '4.8.1',
    },
  },
  {
    name: 'wharf/disk-usage',
    tags: ['1.0.0'],
    from: 'library/debian',
    layer: {
      kind: 'install',
      packages: [],
      files: {
        '/metadata.json': { content: file('extension/metadata.json') },
        '/icon.svg': { content: file('icons/disk-usage.svg') },
        '/ui/index.html': { content: file('extension/ui/index.html') },
        '/ui/style.css': { content: file('extension/ui/style.css') },
        '/ui/main.js': { content: file('extension/ui/main.js') },
        '/backend.pl': { content: file('extension/backend.pl'), mode: 0o755 },
      },
    },
    config: { Env: [path0], Cmd: ['perl', '/backend.pl'] },
    labels: {
      ...label(
        'Disk usage',
        'Shows what images, containers and volumes take on the disk, and how busy the engine’s host is.',
        'disk-usage',
        'extension',
      ),
      'com.docker.desktop.extension.api.version': '>= 0.3.4',
      'com.docker.desktop.extension.icon': icon('disk-usage'),
      'com.docker.extension.publisher-url': 'https://wharf.invalid',
      'com.docker.extension.detailed-description':
        'An example that uses every part of the extension contract: a page, a service in a container, and docker commands.',
      'com.docker.extension.screenshots': '[]',
      'com.docker.extension.changelog': 'First version.',
      'org.opencontainers.image.version': '1.0.0',
    },
  },
];
