import type { CommandSpec } from './command.ts';

/**
 * Every command: the words that call it and where it lives. The files load when called, so `wharf ps` does not pay for
 * `wharf run`; a test holds this table against what the files say of themselves.
 */
export interface CommandRow {
  readonly path: string;
  /** Shorter ways to call it. */
  readonly aliases: readonly string[];
  readonly load: () => Promise<{ readonly command: CommandSpec }>;
}

function row(path: string, aliases: readonly string[], load: () => Promise<{ readonly command: unknown }>): CommandRow {
  // A command's flag types differ from file to file; the dispatcher only hands each its own parsed flags back.
  return { path, aliases, load: load as CommandRow['load'] };
}

export const commandTable: readonly CommandRow[] = [
  row('container run', ['run'], () => import('./commands/container/run.ts')),
  row('container create', ['create'], () => import('./commands/container/create.ts')),
  row('container start', ['start'], () => import('./commands/container/start.ts')),
  row('container stop', ['stop'], () => import('./commands/container/stop.ts')),
  row('container restart', ['restart'], () => import('./commands/container/restart.ts')),
  row('container kill', ['kill'], () => import('./commands/container/kill.ts')),
  row('container rm', ['rm', 'container remove'], () => import('./commands/container/rm.ts')),
  row('container ls', ['ps', 'container ps', 'container list'], () => import('./commands/container/ls.ts')),
  row('container logs', ['logs'], () => import('./commands/container/logs.ts')),
  row('container exec', ['exec'], () => import('./commands/container/exec.ts')),
  row('container attach', ['attach'], () => import('./commands/container/attach.ts')),
  row('container cp', ['cp'], () => import('./commands/container/cp.ts')),
  row('container inspect', [], () => import('./commands/container/inspect.ts')),
  row('container stats', ['stats'], () => import('./commands/container/stats.ts')),
  row('container top', ['top'], () => import('./commands/container/top.ts')),
  row('container port', ['port'], () => import('./commands/container/port.ts')),
  row('container rename', ['rename'], () => import('./commands/container/rename.ts')),
  row('container wait', ['wait'], () => import('./commands/container/wait.ts')),
  row('container pause', ['pause'], () => import('./commands/container/pause.ts')),
  row('container unpause', ['unpause'], () => import('./commands/container/unpause.ts')),
  row('container diff', ['diff'], () => import('./commands/container/diff.ts')),
  row('container export', ['export'], () => import('./commands/container/export.ts')),
  row('container commit', ['commit'], () => import('./commands/container/commit.ts')),
  row('container update', ['update'], () => import('./commands/container/update.ts')),
  row('container prune', [], () => import('./commands/container/prune.ts')),
  row('image pull', ['pull'], () => import('./commands/image/pull.ts')),
  row('image push', ['push'], () => import('./commands/image/push.ts')),
  row('image save', ['save'], () => import('./commands/image/save.ts')),
  row('image load', ['load'], () => import('./commands/image/load.ts')),
  row('image import', ['import'], () => import('./commands/image/import.ts')),
  row('image ls', ['images', 'image list'], () => import('./commands/image/ls.ts')),
  row('image rm', ['rmi', 'image remove'], () => import('./commands/image/rm.ts')),
  row('image tag', ['tag'], () => import('./commands/image/tag.ts')),
  row('image history', ['history'], () => import('./commands/image/history.ts')),
  row('image inspect', [], () => import('./commands/image/inspect.ts')),
  row('image verify', [], () => import('./commands/image/verify.ts')),
  row('image prune', [], () => import('./commands/image/prune.ts')),
  row('network create', [], () => import('./commands/network/create.ts')),
  row('network ls', ['network list'], () => import('./commands/network/ls.ts')),
  row('network inspect', [], () => import('./commands/network/inspect.ts')),
  row('network rm', ['network remove'], () => import('./commands/network/rm.ts')),
  row('network connect', [], () => import('./commands/network/connect.ts')),
  row('network disconnect', [], () => import('./commands/network/disconnect.ts')),
  row('network prune', [], () => import('./commands/network/prune.ts')),
  row('volume create', [], () => import('./commands/volume/create.ts')),
  row('volume ls', ['volume list'], () => import('./commands/volume/ls.ts')),
  row('volume inspect', [], () => import('./commands/volume/inspect.ts')),
  row('volume rm', ['volume remove'], () => import('./commands/volume/rm.ts')),
  row('volume prune', [], () => import('./commands/volume/prune.ts')),
  row('system info', ['info'], () => import('./commands/system/info.ts')),
  row('system df', [], () => import('./commands/system/df.ts')),
  row('system events', ['events'], () => import('./commands/system/events.ts')),
  row('system prune', [], () => import('./commands/system/prune.ts')),
  row('inspect', [], () => import('./commands/system/inspect.ts')),
  row('version', [], () => import('./commands/system/version.ts')),
  row('login', [], () => import('./commands/registry/login.ts')),
  row('logout', [], () => import('./commands/registry/logout.ts')),
  row('search', [], () => import('./commands/registry/search.ts')),
  row('trust inspect', [], () => import('./commands/trust/inspect.ts')),
  row('trust policy show', [], () => import('./commands/trust/policy-show.ts')),
  row('trust policy check', [], () => import('./commands/trust/policy-check.ts')),
  row('context ls', ['context list'], () => import('./commands/context/ls.ts')),
  row('context use', [], () => import('./commands/context/use.ts')),
  row('context show', [], () => import('./commands/context/show.ts')),
  row('context create', [], () => import('./commands/context/create.ts')),
  row('context inspect', [], () => import('./commands/context/inspect.ts')),
  row('context rm', ['context remove'], () => import('./commands/context/rm.ts')),
  row('context docker', [], () => import('./commands/context/docker.ts')),
  row('daemon start', [], () => import('./commands/daemon/start.ts')),
  row('daemon stop', [], () => import('./commands/daemon/stop.ts')),
  row('daemon status', [], () => import('./commands/daemon/status.ts')),
  row('daemon logs', [], () => import('./commands/daemon/logs.ts')),
  row('registry serve', [], () => import('./commands/registry/serve.ts')),
  row('registry user add', [], () => import('./commands/registry/user-add.ts')),
  row('web', [], () => import('./commands/app/web.ts')),
  row('extension ls', ['extension list'], () => import('./commands/extension/ls.ts')),
  row('extension install', [], () => import('./commands/extension/install.ts')),
  row('extension rm', ['extension remove'], () => import('./commands/extension/rm.ts')),
  row('extension search', [], () => import('./commands/extension/search.ts')),
  row('plugin ls', ['plugin list'], () => import('./commands/plugin/ls.ts')),
  row('plugin install', [], () => import('./commands/plugin/install.ts')),
  row('plugin rm', ['plugin remove'], () => import('./commands/plugin/rm.ts')),
  row('plugin open', [], () => import('./commands/plugin/open.ts')),
  row('plugin search', [], () => import('./commands/plugin/search.ts')),
  row('completion', [], () => import('./commands/app/completion.ts')),
];

/** What each group of commands is about, in the order help lists them. */
export const commandGroups: Readonly<Record<string, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  network: 'Manage networks',
  volume: 'Manage volumes',
  system: 'Manage the engine and its disk space',
  context: 'Manage the engines this command talks to',
  daemon: 'Start, stop and watch the engine on this machine',
  registry: 'Serve images from this machine',
  'registry user': 'Manage who may use a served registry',
  trust: 'See who signed images, and what the trust policy says of them',
  'trust policy': 'See and check which repositories must be signed by whom',
  extension: 'Manage extensions of the desktop app',
  plugin: 'Manage plugins: tools that run beside your containers',
};

/** Commands shown first by `wharf --help`. */
export const commonCommands = [
  'run',
  'exec',
  'ps',
  'pull',
  'push',
  'images',
  'login',
  'logout',
  'search',
  'version',
  'info',
] as const;
