/** Routes of containers and of processes in them, over the container service. */

import { WharfError } from '../../../contract/errors.ts';
import type { containerRoutes } from '../../../contract/routes/containers.ts';
import type { execRoutes } from '../../../contract/routes/exec.ts';
import type { PathStat, WaitCondition } from '../../containers/container-service.ts';
import { compareVersions } from '../api-version.ts';
import type { HandlersFor, RequestContext } from '../handler.ts';
import { contentTypeFor } from '../hijack.ts';
import { settingsOfVersion, updateOfVersion, withRuntime } from './container-versions.ts';
import type { EngineServices } from './engine-services.ts';
import { mountsOfVersion, volumeDriverWarning } from './mount-versions.ts';
import { networksOfVersion } from './network-versions.ts';
import { filterMap, terminalSize } from './request-values.ts';

type Operations = keyof typeof containerRoutes | keyof typeof execRoutes;

export function containerHandlers(services: EngineServices): HandlersFor<Operations> {
  return { ...lifeCycle(services), ...views(services), ...streams(services), ...files(services), ...execs(services) };
}

function lifeCycle({ containers }: EngineServices) {
  return {
    ContainerCreate: async ({ body, query, apiVersion, signal }) => {
      const { name, platform } = query;
      const networked = networksOfVersion(settingsOfVersion(withRuntime(body), apiVersion), apiVersion);
      const request = {
        ...networked.request,
        HostConfig: mountsOfVersion(networked.request.HostConfig ?? undefined, apiVersion),
      };
      const made = await containers.create(request, { name: name === '' ? undefined : name, platform, signal });
      const own = [...networked.warnings, ...volumeDriverWarning(body.HostConfig ?? undefined, apiVersion)];
      return { ...made, Warnings: [...made.Warnings, ...own] };
    },
    ContainerStart: async ({ params, signal }) =>
      (await containers.start(params.id, { signal })) === 'unchanged' ? { status: 304 } : undefined,
    ContainerStop: async ({ params, query }) => {
      const outcome = await containers.stop(params.id, { timeoutSeconds: query.t, signalName: query.signal });
      return outcome === 'unchanged' ? { status: 304 } : undefined;
    },
    ContainerRestart: ({ params, query }) =>
      containers.restart(params.id, { timeoutSeconds: query.t, signalName: query.signal }),
    ContainerKill: ({ params, query }) =>
      containers.kill(params.id, { signalName: query.signal === '' ? undefined : query.signal }),
    ContainerPause: ({ params }) => containers.pause(params.id),
    ContainerUnpause: ({ params }) => containers.unpause(params.id),
    ContainerRename: ({ params, query }) => containers.rename(params.id, query.name ?? ''),
    ContainerUpdate: ({ params, body, apiVersion }) => containers.update(params.id, updateOfVersion(body, apiVersion)),
    ContainerDelete: ({ params, query }) => {
      if (query.link) return containers.removeLink(params.id);
      return containers.remove(params.id, { force: query.force ?? false, volumes: query.v ?? false });
    },
    ContainerPrune: ({ query }) => containers.prune(filterMap(query.filters)),
    ContainerWait: async (context) => {
      const condition = waitCondition(context.query.condition);
      const { result } = await containers.wait(context.params.id, { condition, signal: context.signal });
      // Clients wait for these headers before they start the container, so that no exit is missed.
      if (compareVersions(context.apiVersion, '1.30') >= 0) context.flushHead();
      return await result;
    },
  } satisfies Partial<HandlersFor<Operations>>;
}

function waitCondition(text: string | undefined): WaitCondition {
  if (text === undefined || text === '' || text === 'not-running') return 'not-running';
  if (text === 'next-exit' || text === 'removed') return text;
  throw new WharfError('request.invalid', `invalid condition: ${JSON.stringify(text.slice(0, 80))}`, {
    hint: 'One of not-running, next-exit and removed.',
  });
}

function views({ containers }: EngineServices) {
  return {
    ContainerList: async ({ query, apiVersion, signal }) => {
      const { limit = 0, size = false } = query;
      // As dockerd: a limit, `before` or `since` looks at stopped ones too.
      const all = (query.all ?? false) || limit > 0 || query.before !== undefined || query.since !== undefined;
      const filters = new Map(filterMap(query.filters));
      if (query.before) filters.set('before', [query.before]);
      if (query.since) filters.set('since', [query.since]);
      const listed = await containers.list({ all, limit: limit > 0 ? limit : undefined, size, filters }, { signal });
      if (compareVersions(apiVersion, '1.46') >= 0) return listed;
      return listed.map((item) => ({ ...item, HostConfig: { NetworkMode: item.HostConfig.NetworkMode } }));
    },
    ContainerInspect: ({ params, query, signal }) =>
      containers.inspect(params.id, { size: query.size ?? false, signal }),
    ContainerTop: ({ params, query }) => containers.top(params.id, query.ps_args ?? ''),
    ContainerStats: async ({ params, query, signal }, output) => {
      const stream = query.stream ?? true;
      const readings = await containers.stats(params.id, { stream, oneShot: query['one-shot'] ?? false, signal });
      if (stream) output.flushHead();
      for await (const reading of readings) output.send(reading);
    },
  } satisfies Partial<HandlersFor<Operations>>;
}

type AttachContext = RequestContext<(typeof containerRoutes)['ContainerAttach']>;

function streams({ containers }: EngineServices) {
  const attach = ({ params, query }: AttachContext) =>
    containers.attach(params.id, {
      stdin: query.stdin ?? false,
      stdout: query.stdout ?? false,
      stderr: query.stderr ?? false,
      logs: query.logs ?? false,
      stream: query.stream ?? false,
      detachKeys: query.detachKeys,
    });
  return {
    ContainerLogs: async ({ params, query, apiVersion, signal }) => {
      if (!query.stdout && !query.stderr) {
        throw new WharfError('request.invalid', 'Bad parameters: you must choose at least one stream');
      }
      const logs = await containers.logs(params.id, {
        follow: query.follow ?? false,
        stdout: query.stdout ?? false,
        stderr: query.stderr ?? false,
        timestamps: query.timestamps ?? false,
        tail: query.tail,
        since: query.since,
        until: query.until,
        details: query.details ?? false,
        signal,
      });
      return { ...logs, contentType: contentTypeFor(logs, apiVersion) };
    },
    ContainerAttach: attach,
    ContainerAttachWebsocket: attach,
    ContainerResize: ({ params, query }) => containers.resize(params.id, terminalSize(query)),
  } satisfies Partial<HandlersFor<Operations>>;
}

function files({ containers }: EngineServices) {
  return {
    ContainerArchiveInfo: async ({ params, query }) => ({
      headers: { 'X-Docker-Container-Path-Stat': encodePathStat(await containers.statPath(params.id, query.path)) },
    }),
    ContainerArchive: async ({ params, query, signal }) => {
      const { stat, body } = await containers.readArchive(params.id, query.path, { signal });
      return { headers: { 'X-Docker-Container-Path-Stat': encodePathStat(stat) }, body };
    },
    PutContainerArchive: ({ params, query, upload, signal }) =>
      containers.writeArchive(params.id, query.path, upload, {
        noOverwriteDirNonDir: query.noOverwriteDirNonDir ?? false,
        copyUidGid: query.copyUIDGID ?? false,
        signal,
      }),
    ContainerExport: async ({ params, signal }) => ({
      headers: { 'Content-Type': 'application/octet-stream' },
      body: await containers.export(params.id, { signal }),
    }),
    ContainerChanges: ({ params, signal }) => containers.changes(params.id, { signal }),
  } satisfies Partial<HandlersFor<Operations>>;
}

function encodePathStat(stat: PathStat): string {
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}

function execs({ containers }: EngineServices) {
  return {
    ContainerExec: ({ params, body }) => containers.createExec(params.id, body),
    ExecStart: ({ params, body }) =>
      containers.startExec(params.id, {
        detach: body?.Detach ?? false,
        tty: body?.Tty ?? false,
        consoleSize: body?.ConsoleSize,
      }),
    ExecInspect: ({ params }) => containers.inspectExec(params.id),
    ExecResize: ({ params, query }) => containers.resizeExec(params.id, terminalSize(query)),
  } satisfies Partial<HandlersFor<Operations>>;
}
