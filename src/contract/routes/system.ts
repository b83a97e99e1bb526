/** Routes of the engine itself. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import { AuthConfig, AuthResult, DiskUsage, EventMessage, SystemInfo, SystemVersion } from '../types/system.ts';

export const systemRoutes = {
  SystemPing: route({
    method: 'GET',
    path: '/_ping',
    since: '1.24',
    summary: 'Whether the engine answers',
    response: 'text',
  }),
  SystemPingHead: route({
    method: 'HEAD',
    path: '/_ping',
    since: '1.24',
    summary: 'Whether the engine answers, headers only',
    response: 'empty',
  }),
  SystemVersion: route({
    method: 'GET',
    path: '/version',
    since: '1.24',
    summary: 'Versions of the engine and its parts',
    response: 'json',
    result: SystemVersion,
  }),
  SystemInfo: route({
    method: 'GET',
    path: '/info',
    since: '1.24',
    summary: 'What the engine is, has and may',
    response: 'json',
    result: SystemInfo,
  }),
  SystemAuth: route({
    method: 'POST',
    path: '/auth',
    since: '1.24',
    summary: 'Check credentials of a registry',
    body: AuthConfig,
    response: 'json',
    result: AuthResult,
  }),
  SystemEvents: route({
    method: 'GET',
    path: '/events',
    since: '1.24',
    summary: 'What happens, as it happens',
    query: s.partial({ since: s.string, until: s.string, filters: s.filters }),
    response: 'json-stream',
    result: EventMessage,
  }),
  SystemDataUsage: route({
    method: 'GET',
    path: '/system/df',
    since: '1.25',
    summary: 'What takes space on disk',
    query: s.partial({ type: s.list(s.string), verbose: s.boolean }),
    response: 'json',
    result: DiskUsage,
  }),
} as const;
