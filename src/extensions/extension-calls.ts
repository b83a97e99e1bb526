import path from 'node:path';
import type { EngineClient } from '../client/engine-client.ts';
import { WharfError } from '../contract/errors.ts';
import type { HostEvent, HostEventPayload, HostInput } from '../contract/host-api.ts';
import type { ExecResult, ExtensionExec, ServiceRequest, ServiceResponse } from '../contract/host-schemas.ts';
import type { ExtensionContainers } from './extension-containers.ts';
import type { ExtensionRecord, ExtensionStore } from './extension-store.ts';
import { type CommandEnd, type CommandOutput, runInContainer, runOnHost } from './running-commands.ts';
import { requestOverSocket } from './service-request.ts';

const outputMaxLength = 16 * 1024 * 1024;
const maxStreams = 64;

export interface ExtensionCallsOptions {
  readonly engine: EngineClient;
  readonly store: ExtensionStore;
  readonly containers: ExtensionContainers;
  /** Program and first arguments of the `wharf` command, which runs what extensions ask of `docker`. */
  readonly wharfCommand: readonly [string, ...string[]];
  /** As -H takes it. */
  readonly engineHost: string;
  readonly emit: <E extends HostEvent>(event: E, payload: HostEventPayload<E>, to?: string) => void;
}

/** What an installed extension's page may ask for. Each call is checked against what was granted, and noted. */
export class ExtensionCalls {
  readonly #options: ExtensionCallsOptions;
  readonly #streams = new Map<string, { name: string; abort: AbortController }>();

  constructor(options: ExtensionCallsOptions) {
    this.#options = options;
  }

  async exec(input: ExtensionExec): Promise<ExecResult> {
    const abort = new AbortController();
    const collected = { stdout: '', stderr: '' };
    const output: CommandOutput = {
      onOutput(stream, data) {
        if (collected[stream].length + data.length > outputMaxLength) abort.abort();
        else collected[stream] += data;
      },
    };
    const end = await this.#start(await this.#allowed(input), input, output, abort.signal);
    const cmd = [input.command, ...input.args].join(' ');
    return { cmd, code: end.code, signal: end.signal, killed: abort.signal.aborted, ...collected };
  }

  async execStream(input: ExtensionExec, execId: string, caller: string): Promise<void> {
    if (this.#streams.has(execId) || this.#streams.size >= maxStreams) {
      throw new WharfError('request.conflict', 'too many commands of extensions are running');
    }
    const abort = new AbortController();
    this.#streams.set(execId, { name: input.name, abort });
    const { emit } = this.#options;
    const record = await this.#allowed(input).catch((error) => {
      this.#streams.delete(execId);
      throw error;
    });
    const output: CommandOutput = {
      onOutput: (stream, data) => emit('extensions.execOutput', { execId, stream, data }, caller),
    };
    this.#start(record, input, output, abort.signal)
      .then(
        (end) => emit('extensions.execClosed', { execId, code: end.code ?? -1, error: '' }, caller),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          emit('extensions.execClosed', { execId, code: -1, error: message }, caller);
        },
      )
      .finally(() => this.#streams.delete(execId));
  }

  execKill(execId: string): void {
    this.#streams.get(execId)?.abort.abort();
  }

  /** Ends every streamed command of one extension. */
  killAllOf(name: string): void {
    for (const stream of this.#streams.values()) if (stream.name === name) stream.abort.abort();
  }

  async request(request: ServiceRequest): Promise<ServiceResponse> {
    const record = await this.#options.store.get(request.name);
    if (record.socket === null) await this.#refuse(record, 'service', `${request.name} has no backend`);
    const socket = path.join(this.#options.containers.guestFolder(request.name), record.socket ?? '');
    return await requestOverSocket(socket, request);
  }

  async docker(
    name: string,
    operation: 'listContainers' | 'listImages',
    query: HostInput<'extensions.docker'>['query'],
  ): Promise<unknown[]> {
    const record = await this.#options.store.get(name);
    if (!record.granted.dockerCli) await this.#refuse(record, operation, 'docker was not granted');
    const filters = query.filters === undefined ? undefined : parseFilters(String(query.filters));
    const all = truthy(query.all);
    const { engine } = this.#options;
    if (operation === 'listImages') {
      return [...(await engine.call('ImageList', { query: { all, digests: truthy(query.digests), filters } }))];
    }
    const limit = query.limit === undefined ? undefined : Number(query.limit);
    return [...(await engine.call('ContainerList', { query: { all, limit, size: truthy(query.size), filters } }))];
  }

  async #allowed(input: ExtensionExec): Promise<ExtensionRecord> {
    const record = await this.#options.store.get(input.name);
    const detail = [input.command, ...input.args].join(' ').slice(0, 500);
    switch (input.target) {
      case 'vm':
        if (record.services.length === 0) await this.#refuse(record, 'vm.cli', 'the extension has no backend');
        break;
      case 'host':
        if (!record.granted.hostBinaries.includes(input.command)) {
          await this.#refuse(record, 'host.cli', `${input.command} is not one of the extension's programs`);
        }
        break;
      case 'docker':
        if (!record.granted.dockerCli) await this.#refuse(record, 'docker.cli', 'docker was not granted');
        break;
    }
    await this.#note(record, `${input.target}.cli`, detail, true);
    return record;
  }

  async #start(
    record: ExtensionRecord,
    input: ExtensionExec,
    output: CommandOutput,
    signal: AbortSignal,
  ): Promise<CommandEnd> {
    const { engine, store, containers, wharfCommand, engineHost } = this.#options;
    const env = { ...process.env, ...input.env };
    switch (input.target) {
      case 'vm': {
        const running = await containers.list(record.name);
        const first = record.services[0]?.name;
        const container = running.find(({ service }) => service === first);
        if (container === undefined)
          throw new WharfError('container.not-running', `${record.title} has no running backend`);
        const lines = Object.entries(input.env ?? {}).map(([key, value]) => `${key}=${value}`);
        const command = { containerId: container.id, argv: [input.command, ...input.args], cwd: input.cwd, env: lines };
        return await runInContainer(engine, command, output, signal);
      }
      case 'host': {
        // #allowed has made sure that the command is the bare name of a granted program, so this stays in the folder.
        const file = path.join(store.folder(record.name), 'bin', path.basename(input.command));
        return await runOnHost({ file, args: input.args, cwd: input.cwd, env }, output, signal);
      }
      case 'docker': {
        const [file, ...first] = wharfCommand;
        const args = [...first, input.command, ...input.args.map(withoutShellQuotes)];
        const command = { file, args, cwd: input.cwd, env: { ...env, WHARF_HOST: engineHost } };
        return await runOnHost(command, output, signal);
      }
    }
  }

  async #refuse(record: ExtensionRecord, action: string, why: string): Promise<never> {
    await this.#note(record, action, why, false);
    throw new WharfError('auth.denied', `${record.title} may not do this: ${why}`, { hint: '' });
  }

  async #note(record: ExtensionRecord, action: string, detail: string, allowed: boolean): Promise<void> {
    await this.#options.store.audit(record.name, { atMs: Date.now(), action, detail, allowed });
  }
}

// Docker's examples quote arguments for a shell: ["--format", '"{{json .}}"']. There is no shell here to take them off.
function withoutShellQuotes(arg: string): string {
  return /^"[^"]*"$|^'[^']*'$/.test(arg) ? arg.slice(1, -1) : arg;
}

function truthy(value: string | number | boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : value === true || value === 1 || value === '1' || value === 'true';
}

function parseFilters(text: string): Record<string, string[]> {
  const value: unknown = JSON.parse(text);
  const filters: Record<string, string[]> = {};
  if (typeof value !== 'object' || value === null) return filters;
  for (const [key, list] of Object.entries(value))
    filters[key] = Array.isArray(list) ? list.map(String) : [String(list)];
  return filters;
}
