import type { ExtensionAnswer, ExtensionOutput } from '../contract/extension-bridge.ts';

/** What the script in an extension's page knows about where it runs. */
export interface DdClientConfig {
  readonly image: string;
  readonly hasVm: boolean;
  readonly hasService: boolean;
  readonly hasHost: boolean;
  readonly platform: string;
  readonly arch: string;
  readonly hostname: string;
}

/** The script to put first into an extension's page. It needs nothing but this text. */
export function ddClientScript(config: DdClientConfig): string {
  const safe = JSON.stringify(config).replaceAll('<', '\\u003c');
  return `(${installDdClient.toString()})(globalThis, ${safe});\n`;
}

type Handler = (event: { data: unknown; source: unknown; ports: readonly Port[] }) => void;
interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: ExtensionAnswer | ExtensionOutput }) => void) | null;
}
/** The parts of a page's global object used here; typed here because this folder has no DOM types. */
interface Page {
  parent: { postMessage(message: unknown, origin: string): void };
  addEventListener(type: 'message', handler: Handler): void;
  ddClient?: unknown;
}

interface StreamOptions {
  onOutput?: (data: { stdout: string } | { stderr: string }) => void;
  onError?: (error: unknown) => void;
  onClose?: (code: number) => void;
  splitOutputLines?: boolean;
}
type ExecOptions = { cwd?: string; env?: Record<string, string>; stream?: StreamOptions };

/**
 * Builds `window.ddClient` as Docker's extension SDK has it. This function is turned into text and run in the extension's
 * page: it must not use anything outside itself. Calls wait until the app has connected (contract/extension-bridge.ts).
 */
function installDdClient(page: Page, config: DdClientConfig): void {
  type Pending = { resolve: (value: unknown) => void; reject: (error: unknown) => void };
  const pending = new Map<number, Pending>();
  const streams = new Map<number, (output: ExtensionOutput) => void>();
  const waiting: object[] = [];
  let port: Port | undefined;
  let lastId = 0;

  page.addEventListener('message', ({ data, source, ports }) => {
    const type = typeof data === 'object' && data !== null && 'type' in data ? data.type : undefined;
    const given = ports[0];
    // Only from the page that frames this one, and only once.
    if (type !== 'wharf-extension-connect' || source !== page.parent || given === undefined || port !== undefined)
      return;
    port = given;
    port.onmessage = (event) => receive(event.data);
    for (const call of waiting.splice(0)) port.postMessage(call);
  });
  // Holds nothing secret, so any parent may read it.
  page.parent.postMessage({ type: 'wharf-extension-ready' }, '*');

  function receive(message: ExtensionAnswer | ExtensionOutput): void {
    if ('stream' in message) {
      streams.get(message.stream)?.(message);
      return;
    }
    const call = pending.get(message.id);
    pending.delete(message.id);
    if (message.ok) call?.resolve(message.value);
    else call?.reject(Object.assign(new Error(message.message), { code: message.code, message: message.message }));
  }

  function ask(op: string, fields: object): { id: number; answer: Promise<unknown> } {
    const id = ++lastId;
    const answer = new Promise<unknown>((resolve, reject) => pending.set(id, { resolve, reject }));
    const call = { ...fields, id, op };
    if (port === undefined) waiting.push(call);
    else port.postMessage(call);
    return { id, answer };
  }
  const call = (op: string, fields: object = {}) => ask(op, fields).answer;

  /** For calls without a result: a refusal is a line in the page's console. */
  function tell(op: string, fields: object): void {
    call(op, fields).catch((error) => console.error('Wharf:', error));
  }

  function withParsers(result: object) {
    const stdout = 'stdout' in result ? String(result.stdout) : '';
    const lines = () => stdout.split(/\r?\n/).filter((line) => line !== '');
    return {
      ...result,
      lines,
      parseJsonLines: (): unknown[] => lines().map((line) => JSON.parse(line)),
      parseJsonObject: (): unknown => JSON.parse(stdout),
    };
  }

  function stream(target: string, command: string, args: string[], options: ExecOptions, to: StreamOptions) {
    const { cwd, env } = options;
    const rest = { stdout: '', stderr: '' };
    const put = (kind: 'stdout' | 'stderr', data: string) =>
      to.onOutput?.(kind === 'stdout' ? { stdout: data } : { stderr: data });
    const started = ask('execStream', { target, command, args, cwd, env });
    streams.set(started.id, (output) => {
      if (output.kind === 'closed') {
        streams.delete(started.id);
        for (const kind of ['stdout', 'stderr'] as const) if (rest[kind] !== '') put(kind, rest[kind]);
        if (output.error !== '') to.onError?.(new Error(output.error));
        to.onClose?.(output.code);
      } else if (to.splitOutputLines === true) {
        const parts = (rest[output.kind] + output.data).split('\n');
        rest[output.kind] = parts.pop() ?? '';
        for (const line of parts) put(output.kind, line);
      } else put(output.kind, output.data);
    });
    started.answer.catch((error) => {
      streams.delete(started.id);
      to.onError?.(error);
    });
    return { close: () => void call('execKill', { stream: started.id }).catch(() => {}) };
  }

  function exec(target: string) {
    return (command: string, args: string[] = [], options: ExecOptions = {}) => {
      if (options.stream !== undefined) return stream(target, command, args, options, options.stream);
      const { cwd, env } = options;
      return call('exec', { target, command, args, cwd, env }).then((value) => {
        const result = withParsers(Object(value));
        if ('code' in result && result.code !== 0) throw result;
        return result;
      });
    };
  }

  async function request(options: { url: string; method?: string; headers?: Record<string, string>; data?: unknown }) {
    const { url, headers, data } = options;
    const method = (options.method ?? 'GET').toUpperCase();
    const answer = Object(await call('service', { method, url, headers, data }));
    if (answer.status >= 200 && answer.status < 300) return answer.data;
    throw Object.assign(new Error(`the service answered ${answer.status}`), { statusCode: answer.status, ...answer });
  }
  const verb = (method: string) => (url: string, data?: unknown) => request({ url, method, data });
  const service = {
    request,
    ...{ get: verb('GET'), head: verb('HEAD'), delete: verb('DELETE') },
    ...{ post: verb('POST'), put: verb('PUT'), patch: verb('PATCH') },
  };

  const toast = (level: string) => (message: unknown) => tell('toast', { level, message: String(message) });
  const show = (view: string) => (target?: string, tag?: string) => call('navigate', { view, target, tag });
  const showOpenDialog = (options: { title?: string; buttonLabel?: string; properties?: string[] } = {}) =>
    call('openDialog', {
      title: options.title,
      buttonLabel: options.buttonLabel,
      directory: options.properties?.includes('openDirectory') ?? false,
      multiple: options.properties?.includes('multiSelections') ?? false,
    });
  const openExternal = (url: string) => tell('openExternal', { url });
  const listContainers = (query: object = {}) => call('listContainers', { query });
  const listImages = (query: object = {}) => call('listImages', { query });
  const notify = { success: toast('success'), warning: toast('warning'), error: toast('error') };

  const client = {
    extension: {
      image: config.image,
      vm: config.hasVm ? { cli: { exec: exec('vm') }, service: config.hasService ? service : undefined } : undefined,
      host: config.hasHost ? { cli: { exec: exec('host') } } : undefined,
    },
    docker: { cli: { exec: exec('docker') }, listContainers, listImages },
    desktopUI: {
      toast: notify,
      dialog: { showOpenDialog },
      navigate: {
        viewContainers: show('viewContainers'),
        viewContainer: show('viewContainer'),
        viewContainerLogs: show('viewContainerLogs'),
        viewContainerInspect: show('viewContainerInspect'),
        viewContainerTerminal: show('viewContainerTerminal'),
        viewContainerStats: show('viewContainerStats'),
        viewImages: show('viewImages'),
        viewImage: show('viewImage'),
        viewVolumes: show('viewVolumes'),
        viewVolume: show('viewVolume'),
      },
    },
    host: { openExternal, platform: config.platform, arch: config.arch, hostname: config.hostname },
    // The first version of the SDK, which older extensions still call.
    backend: config.hasService
      ? { ...service, execInVMExtension: (line: string) => splitAndRun('vm', line) }
      : undefined,
    toastSuccess: notify.success,
    toastWarning: notify.warning,
    toastError: notify.error,
    openExternal,
    listContainers,
    listImages,
    navigateToContainers: show('viewContainers'),
    navigateToContainer: show('viewContainer'),
    navigateToContainerLogs: show('viewContainerLogs'),
    navigateToContainerInspect: show('viewContainerInspect'),
    navigateToContainerStats: show('viewContainerStats'),
    navigateToImages: show('viewImages'),
    navigateToImage: show('viewImage'),
    navigateToVolumes: show('viewVolumes'),
    navigateToVolume: show('viewVolume'),
    execHostCmd: (line: string) => splitAndRun('host', line),
    execDockerCmd: (command: string, ...args: string[]) => exec('docker')(command, args),
    spawnHostCmd: (command: string, args: string[], onData: (data: unknown, error: unknown) => void) =>
      spawnOld('host', command, args, onData),
    spawnDockerCmd: (command: string, args: string[], onData: (data: unknown, error: unknown) => void) =>
      spawnOld('docker', command, args, onData),
  };

  function splitAndRun(target: string, line: string) {
    const [command = '', ...args] = line.split(/\s+/).filter((word) => word !== '');
    return exec(target)(command, args);
  }
  function spawnOld(target: string, command: string, args: string[], onData: (data: unknown, error: unknown) => void) {
    return exec(target)(command, args, {
      stream: { onOutput: (data) => onData(data, undefined), onError: (error) => onData(undefined, error) },
    });
  }

  page.ddClient = client;
}
