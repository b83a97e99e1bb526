/** Routes of networks. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import {
  Network,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResult,
  NetworkDisconnectRequest,
  NetworkPruneResult,
} from '../types/networks.ts';

export const networkRoutes = {
  NetworkList: route({
    method: 'GET',
    path: '/networks',
    since: '1.24',
    summary: 'List networks',
    query: s.partial({ filters: s.filters }),
    response: 'json',
    result: s.list(Network),
  }),
  NetworkInspect: route({
    method: 'GET',
    path: '/networks/{id}',
    since: '1.24',
    summary: 'Show everything about a network',
    query: s.partial({ verbose: s.string, scope: s.string }),
    response: 'json',
    result: Network,
  }),
  NetworkDelete: route({
    method: 'DELETE',
    path: '/networks/{id}',
    since: '1.24',
    summary: 'Remove a network',
    response: 'empty',
    status: 204,
  }),
  NetworkCreate: route({
    method: 'POST',
    path: '/networks/create',
    since: '1.24',
    summary: 'Create a network',
    body: NetworkCreateRequest,
    bodyOptional: true,
    response: 'json',
    result: NetworkCreateResult,
    status: 201,
  }),
  NetworkConnect: route({
    method: 'POST',
    path: '/networks/{id}/connect',
    since: '1.24',
    summary: 'Connect a container to a network',
    body: NetworkConnectRequest,
    bodyOptional: true,
    response: 'empty',
  }),
  NetworkDisconnect: route({
    method: 'POST',
    path: '/networks/{id}/disconnect',
    since: '1.24',
    summary: 'Disconnect a container from a network',
    body: NetworkDisconnectRequest,
    bodyOptional: true,
    response: 'empty',
  }),
  NetworkPrune: route({
    method: 'POST',
    path: '/networks/prune',
    since: '1.25',
    summary: 'Remove networks no container uses',
    query: s.partial({ filters: s.filters }),
    response: 'json',
    result: NetworkPruneResult,
  }),
} as const;
