// What Wharf needs from the distribution: the OCI runtime, its monitor and the firewall tool. Installed when we may.
import { fail, good, hasCommand, isRoot, runQuietly, say } from './project.mjs';

/** Each need is met by any of its commands; otherwise `packages` are installed. */
const needs = [
  { commands: ['crun'], alternatives: ['runc'], packages: ['crun'], why: 'OCI runtime' },
  { commands: ['conmon'], packages: ['conmon'], why: 'monitor of each container' },
  { commands: ['nft'], packages: ['nftables'], why: 'published ports and NAT' },
  { commands: ['ps'], packages: ['procps'], why: 'process lists' },
  { commands: ['docker-init', 'tini-static', 'catatonit'], packages: ['tini'], why: 'the init of `run --init`' },
];
const starterNeeds = [{ commands: ['debootstrap'], packages: ['debootstrap'], why: 'starter images' }];
const testNeeds = [
  { commands: ['newuidmap'], packages: ['uidmap'], why: 'an ordinary user’s engine, for tests' },
  { commands: ['slirp4netns'], packages: ['slirp4netns'], why: 'network of an ordinary user’s engine, for tests' },
  // runc beside crun: the runtime suite runs over both.
  { commands: ['faketime'], packages: ['faketime'], why: 'a clock that steps back, for tests' },
  { commands: ['xz'], packages: ['xz-utils'], why: 'archives packed with xz, for tests' },
  { commands: ['bzip2'], packages: ['bzip2'], why: 'archives packed with bzip2, for tests' },
  { commands: ['runc'], packages: ['runc'], why: 'second OCI runtime, for tests' },
  { commands: ['chromium', 'chromium-browser', 'google-chrome'], packages: ['chromium'], why: 'end-to-end tests' },
];

const met = (need) => [...need.commands, ...(need.alternatives ?? [])].some(hasCommand);

/** @param {{tests?: boolean, starter?: boolean}} options */
export async function installSystemPackages(options = {}) {
  if (process.platform !== 'linux') return;
  const all = [...needs, ...(options.starter ? starterNeeds : []), ...(options.tests ? testNeeds : [])];
  const missing = all.filter((need) => !met(need));
  if (missing.length === 0) return;
  const packages = missing.flatMap((need) => need.packages);
  const what = missing.map((need) => `${need.packages.join(' ')} (${need.why})`).join(', ');
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!hasCommand('apt-get'))
    fail(`Missing: ${what}.`, 'Install them with your distribution’s package manager, then try again.');
  if (!isRoot) fail(`Missing: ${what}.`, `Run: sudo ${command}`);
  say(`Installing from the distribution: ${what}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runQuietly('apt-get update', 'apt-get', ['update', '-qq'], { env });
  await runQuietly(command, 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
  good('System packages installed');
}
