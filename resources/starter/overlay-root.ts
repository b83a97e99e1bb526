/** Root file systems of the starter images: Debian by debootstrap, more on top of it in an overlay, both in a mount namespace of their own. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mirror, securityMirror, suite } from './recipes.ts';

/** Runs a program; its output comes with the error when it fails. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', ...env },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const output = Buffer.concat(chunks).toString();
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.slice(0, 6).join(' ')} ended with ${code}:\n${output.slice(-4000)}`));
    });
  });
}

const sources = [
  `deb ${mirror} ${suite} main`,
  `deb ${mirror} ${suite}-updates main`,
  `deb ${securityMirror} ${suite}-security main`,
].join('\n');

/** What a container has no use for: documents, translations, caches and lists that apt fetches again. */
const slim = `
rm -rf /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/bootstrap.log /var/log/alternatives.log
find /usr/share/doc -mindepth 1 -maxdepth 2 -type f ! -name copyright -delete 2>/dev/null || true
rm -rf /usr/share/man/* /usr/share/info/* /usr/share/locale/* /usr/share/lintian /var/cache/debconf/*-old /var/lib/dpkg/*-old
`;

/** A Debian of the size that containers want. */
export async function debootstrap(root: string): Promise<void> {
  await run('debootstrap', ['--variant=minbase', suite, root, mirror]);
  await writeFile(path.join(root, 'etc/apt/sources.list'), `${sources}\n`);
  // As Debian's own container images: no recommended packages by surprise, no services at install, no documents.
  await writeFile(
    path.join(root, 'etc/apt/apt.conf.d/90container'),
    'APT::Install-Recommends "false";\nAcquire::Languages "none";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
  );
  await writeFile(path.join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n');
  await chmod(path.join(root, 'usr/sbin/policy-rc.d'), 0o755);
  await writeFile(
    path.join(root, 'etc/dpkg/dpkg.cfg.d/90container'),
    'path-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/copyright\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\npath-exclude=/usr/share/info/*\n',
  );
  await run('chroot', [root, 'sh', '-ec', slim]);
  await rm(path.join(root, 'etc/resolv.conf'), { force: true });
  await rm(path.join(root, 'etc/hostname'), { force: true });
}

/** Answers the host's proxy settings for apt, as options; containers should not inherit them. */
async function aptProxyOptions(): Promise<readonly string[]> {
  const dump = await run('apt-config', ['dump']).catch(() => '');
  return [...dump.matchAll(/^(Acquire::https?::Proxy) "(.+)";$/gm)].flatMap(([, name, value]) => [
    '-o',
    `${name}=${value}`,
  ]);
}

/**
 * Installs packages on top of `lower`; answers the folder with what changed (an overlay's upper folder).
 * The mounts live in a namespace that ends with the command, so nothing stays mounted whatever happens.
 */
export async function installOver(
  lower: string,
  work: string,
  request: {
    readonly packages: readonly string[];
    readonly script: string;
    readonly aptLists: string;
    readonly aptArchives: string;
  },
): Promise<string> {
  const dir = await mkdtemp(path.join(work, 'overlay-'));
  const [upper, workdir, merged] = ['upper', 'work', 'merged'].map((name) => path.join(dir, name));
  if (!upper || !workdir || !merged) throw new Error('unreachable');
  await Promise.all([upper, workdir, merged].map((each) => mkdir(each)));
  const proxy = (await aptProxyOptions()).map((word) => `'${word}'`).join(' ');
  const apt = `apt-get -qq ${proxy} -o Dir::Cache::archives=/var/cache/apt/archives`;
  const install =
    request.packages.length === 0
      ? ''
      : `[ -n "$(ls /var/lib/apt/lists 2>/dev/null | grep -v lock)" ] || ${apt} update
${apt} install -y --no-install-recommends ${request.packages.join(' ')}`;
  const inside = `set -e\n${install}\n${request.script}\n`;
  await writeFile(path.join(dir, 'inside.sh'), inside);
  const outside = `
mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${workdir} ${merged}
mkdir -p ${merged}/proc ${merged}/dev ${merged}/tmp
mount -t proc proc ${merged}/proc
mount -t tmpfs tmpfs ${merged}/tmp
mount --rbind /dev ${merged}/dev
if [ -d ${merged}/etc/apt ]; then
  mkdir -p ${merged}/var/lib/apt/lists ${merged}/var/cache/apt/archives
  mount --bind ${request.aptLists} ${merged}/var/lib/apt/lists
  mount --bind ${request.aptArchives} ${merged}/var/cache/apt/archives
  touch ${merged}/etc/resolv.conf
  mount --bind "$(readlink -f /etc/resolv.conf)" ${merged}/etc/resolv.conf
fi
cp ${dir}/inside.sh ${merged}/tmp/inside.sh
chroot ${merged} /bin/sh /tmp/inside.sh
`;
  await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', outside]);
  await Promise.all(
    [
      'etc/resolv.conf',
      'var/log/apt',
      'var/log/dpkg.log',
      'var/log/alternatives.log',
      'var/cache/debconf',
      'var/cache/ldconfig',
    ].map((each) => rm(path.join(upper, each), { recursive: true, force: true })),
  );
  return upper;
}

/** A static busybox with a link for each of its tools. */
export async function busyboxRoot(root: string, work: string): Promise<void> {
  const dir = await mkdtemp(path.join(work, 'busybox-'));
  // apt drops its rights to the user _apt, who may not write everywhere.
  await chmod(dir, 0o777);
  await run('sh', [
    '-ec',
    `cd ${dir} && apt-get -qq -o APT::Sandbox::User=root download busybox-static && dpkg-deb -x busybox-static_*.deb x`,
  ]);
  for (const each of ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'etc', 'tmp', 'root', 'home', 'var/spool/mail']) {
    await mkdir(path.join(root, each), { recursive: true });
  }
  await run('cp', [path.join(dir, 'x/bin/busybox'), path.join(root, 'bin/busybox')]);
  await run('chroot', [root, '/bin/busybox', '--install', '-s']);
  await chmod(path.join(root, 'tmp'), 0o1777);
  await chmod(path.join(root, 'root'), 0o700);
  await writeFile(
    path.join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  );
  await writeFile(
    path.join(root, 'etc/group'),
    'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n',
  );
}
