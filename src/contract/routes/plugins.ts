/** Routes of plugins that the engine runs itself. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import { ProgressMessage } from '../types/images.ts';
import { Plugin, PluginPrivilege } from '../types/plugins.ts';

const empty = { since: '1.25', response: 'empty' } as const;
const progress = { since: '1.25', method: 'POST', response: 'json-stream', result: ProgressMessage } as const;

export const pluginRoutes = {
  PluginList: route({
    method: 'GET',
    path: '/plugins',
    since: '1.25',
    summary: 'List engine plugins',
    query: s.partial({ filters: s.filters }),
    response: 'json',
    result: s.list(Plugin),
  }),
  GetPluginPrivileges: route({
    method: 'GET',
    path: '/plugins/privileges',
    since: '1.25',
    summary: 'What an engine plugin asks for',
    query: s.partial({ remote: s.string }),
    response: 'json',
    result: s.nullable(s.list(PluginPrivilege)),
  }),
  PluginPull: route({
    ...progress,
    path: '/plugins/pull',
    summary: 'Install an engine plugin',
    query: s.partial({ remote: s.string, name: s.string }),
    body: s.nullable(s.list(PluginPrivilege)),
    bodyOptional: true,
  }),
  PluginCreate: route({
    ...empty,
    method: 'POST',
    path: '/plugins/create',
    summary: 'Create an engine plugin',
    query: s.partial({ name: s.string }),
    bodyBytes: true,
    status: 204,
  }),
  PluginInspect: route({
    method: 'GET',
    path: '/plugins/{name:.*}/json',
    since: '1.25',
    summary: 'Show an engine plugin',
    response: 'json',
    result: Plugin,
  }),
  PluginEnable: route({
    ...empty,
    method: 'POST',
    path: '/plugins/{name:.*}/enable',
    summary: 'Enable an engine plugin',
    query: s.partial({ timeout: s.string }),
  }),
  PluginDisable: route({
    ...empty,
    method: 'POST',
    path: '/plugins/{name:.*}/disable',
    summary: 'Disable an engine plugin',
    query: s.partial({ force: s.boolean }),
  }),
  PluginUpgrade: route({
    ...progress,
    path: '/plugins/{name:.*}/upgrade',
    summary: 'Upgrade an engine plugin',
    query: s.partial({ remote: s.string }),
    body: s.nullable(s.list(PluginPrivilege)),
    bodyOptional: true,
  }),
  PluginPush: route({ ...progress, path: '/plugins/{name:.*}/push', summary: 'Push an engine plugin' }),
  PluginSet: route({
    ...empty,
    method: 'POST',
    path: '/plugins/{name:.*}/set',
    summary: 'Configure an engine plugin',
    body: s.nullable(s.list(s.string)),
    bodyOptional: true,
    status: 204,
  }),
  PluginDelete: route({
    ...empty,
    method: 'DELETE',
    path: '/plugins/{name:.*}',
    summary: 'Remove an engine plugin',
    query: s.partial({ force: s.boolean }),
  }),
} as const;
