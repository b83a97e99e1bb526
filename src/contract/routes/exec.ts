/** Routes of processes started in running containers. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import { IdResult } from '../types/containers.ts';
import { ExecConfig, ExecInspect, ExecStartRequest } from '../types/exec.ts';

export const execRoutes = {
  ContainerExec: route({
    method: 'POST',
    path: '/containers/{id}/exec',
    since: '1.24',
    summary: 'Prepare a process in a running container',
    body: ExecConfig,
    response: 'json',
    result: IdResult,
    status: 201,
  }),
  ExecStart: route({
    method: 'POST',
    path: '/exec/{id}/start',
    since: '1.24',
    summary: 'Start a prepared process; its streams take the connection over unless Detach is set',
    body: ExecStartRequest,
    bodyOptional: true,
    response: 'hijack',
  }),
  ExecResize: route({
    method: 'POST',
    path: '/exec/{id}/resize',
    since: '1.24',
    summary: "Resize a process's terminal",
    query: s.partial({ h: s.described(s.string, 'Rows'), w: s.described(s.string, 'Columns') }),
    response: 'empty',
  }),
  ExecInspect: route({
    method: 'GET',
    path: '/exec/{id}/json',
    since: '1.24',
    summary: 'Show a prepared, running or ended process',
    response: 'json',
    result: ExecInspect,
  }),
} as const;
