/** Routes of swarms. Wharf runs none: each answers that this node is not a swarm manager. */
import { route } from '../route.ts';

const get = { method: 'GET', since: '1.24', response: 'empty' } as const;
const post = { method: 'POST', since: '1.24', response: 'empty' } as const;
const remove = { method: 'DELETE', since: '1.24', response: 'empty' } as const;

export const swarmRoutes = {
  SwarmInspect: route({ ...get, path: '/swarm', summary: 'Show the swarm' }),
  SwarmInit: route({ ...post, path: '/swarm/init', summary: 'Start a swarm' }),
  SwarmJoin: route({ ...post, path: '/swarm/join', summary: 'Join a swarm' }),
  SwarmLeave: route({ ...post, path: '/swarm/leave', summary: 'Leave the swarm' }),
  SwarmUpdate: route({ ...post, path: '/swarm/update', summary: 'Change the swarm' }),
  SwarmUnlockkey: route({ ...get, path: '/swarm/unlockkey', summary: 'Show the unlock key' }),
  SwarmUnlock: route({ ...post, path: '/swarm/unlock', summary: 'Unlock a locked manager' }),
  NodeList: route({ ...get, path: '/nodes', summary: 'List nodes' }),
  NodeInspect: route({ ...get, path: '/nodes/{id}', summary: 'Show a node' }),
  NodeDelete: route({ ...remove, path: '/nodes/{id}', summary: 'Remove a node' }),
  NodeUpdate: route({ ...post, path: '/nodes/{id}/update', summary: 'Change a node' }),
  ServiceList: route({ ...get, path: '/services', summary: 'List services' }),
  ServiceCreate: route({ ...post, path: '/services/create', summary: 'Create a service' }),
  ServiceInspect: route({ ...get, path: '/services/{id}', summary: 'Show a service' }),
  ServiceDelete: route({ ...remove, path: '/services/{id}', summary: 'Remove a service' }),
  ServiceUpdate: route({ ...post, path: '/services/{id}/update', summary: 'Change a service' }),
  ServiceLogs: route({ ...get, path: '/services/{id}/logs', summary: 'Output of a service' }),
  TaskList: route({ ...get, path: '/tasks', summary: 'List tasks' }),
  TaskInspect: route({ ...get, path: '/tasks/{id}', summary: 'Show a task' }),
  TaskLogs: route({ ...get, path: '/tasks/{id}/logs', summary: 'Output of a task' }),
  SecretList: route({ ...get, path: '/secrets', summary: 'List secrets' }),
  SecretCreate: route({ ...post, path: '/secrets/create', summary: 'Create a secret' }),
  SecretInspect: route({ ...get, path: '/secrets/{id}', summary: 'Show a secret' }),
  SecretDelete: route({ ...remove, path: '/secrets/{id}', summary: 'Remove a secret' }),
  SecretUpdate: route({ ...post, path: '/secrets/{id}/update', summary: 'Change a secret' }),
  ConfigList: route({ ...get, path: '/configs', summary: 'List configs' }),
  ConfigCreate: route({ ...post, path: '/configs/create', summary: 'Create a config' }),
  ConfigInspect: route({ ...get, path: '/configs/{id}', summary: 'Show a config' }),
  ConfigDelete: route({ ...remove, path: '/configs/{id}', summary: 'Remove a config' }),
  ConfigUpdate: route({ ...post, path: '/configs/{id}/update', summary: 'Change a config' }),
} as const;
