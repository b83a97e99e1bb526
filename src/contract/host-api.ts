import { type Static, type TSchema, Type } from 'typebox';
import { isErrorCode, isWharfError, WharfError } from './errors.ts';
import {
  AppInfo,
  AuditEntry,
  EngineStatus,
  ExecResult,
  type ExecTarget,
  ExtensionExec,
  ExtensionInfo,
  FileFilter,
  ImageName,
  InstallProgress,
  JobId,
  OwnRegistryStatus,
  PackageName,
  PackagePreview,
  Permissions,
  PluginInfo,
  RegistryUserName,
  ServiceRequest,
  ServiceResponse,
  Settings,
  SettingsPatch,
  StoredCredential,
} from './host-schemas.ts';

/**
 * The typed contract between the renderer and its host, as data. Electron's main process (over IPC) and the web gateway
 * (over POST and one WebSocket) validate every call against this one table; the renderer sees the same object in both.
 *
 * Host features only. Containers, images, networks and volumes go over the Engine API through a `Transport`.
 */
export interface HostMethodSpec {
  readonly summary: string;
  readonly input: TSchema;
  readonly output: TSchema;
  /** Calls of this kind must arrive in the order they were made: the web host sends them over its WebSocket. */
  readonly ordered?: boolean;
}

function method<const I extends TSchema, const O extends TSchema>(
  summary: string,
  input: I,
  output: O,
  options: { readonly ordered?: boolean } = {},
) {
  return { summary, input, output, ...options } satisfies HostMethodSpec;
}

const closed = { additionalProperties: false } as const;
const none = Type.Null();
const sessionId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' });
const size = { cols: Type.Integer({ minimum: 1, maximum: 1000 }), rows: Type.Integer({ minimum: 1, maximum: 1000 }) };
const byName = Type.Object({ name: PackageName }, closed);
const install = Type.Object(
  {
    image: ImageName,
    jobId: JobId,
    /** What the user agreed to. The call is refused when the image asks for more than was shown. */
    granted: Permissions,
  },
  closed,
);
const preview = Type.Object({ image: ImageName, jobId: JobId }, closed);
const registry = Type.String({ minLength: 1, maxLength: 255 });
const fileChoice = Type.Object({ canceled: Type.Boolean(), paths: Type.Array(Type.String()) });

export const hostMethods = {
  'app.info': method('Version, platform and what this host can do', none, AppInfo),

  'engine.status': method('The phase the engine is in', none, EngineStatus),
  'engine.repair': method('Try again now: stop what hangs, clear stale sockets, start', none, none),
  'engine.restart': method('Stop the daemon this host owns and start it again; containers stay up', none, none),
  'engine.logs': method(
    'The last lines the daemon wrote',
    Type.Object({ lines: Type.Integer({ minimum: 1, maximum: 5000 }) }, closed),
    Type.Object({ lines: Type.Array(Type.String()) }),
  ),

  'settings.get': method('All settings, with defaults filled in', none, Settings),
  'settings.set': method('Change some settings; answers with all of them', SettingsPatch, Settings),

  'dialog.openFile': method(
    'Choose files or a folder on this machine (needs capability fileDialogs)',
    Type.Object(
      {
        title: Type.Optional(Type.String({ maxLength: 200 })),
        buttonLabel: Type.Optional(Type.String({ maxLength: 60 })),
        directory: Type.Optional(Type.Boolean()),
        multiple: Type.Optional(Type.Boolean()),
        filters: Type.Optional(Type.Array(FileFilter, { maxItems: 20 })),
      },
      closed,
    ),
    fileChoice,
  ),
  'dialog.saveFile': method(
    'Choose where to save a file (needs capability fileDialogs)',
    Type.Object(
      {
        title: Type.Optional(Type.String({ maxLength: 200 })),
        defaultName: Type.Optional(Type.String({ maxLength: 255 })),
        filters: Type.Optional(Type.Array(FileFilter, { maxItems: 20 })),
      },
      closed,
    ),
    fileChoice,
  ),
  'shell.openExternal': method(
    'Open an http or https address in the user’s browser (Electron; a browser opens a tab by itself)',
    Type.Object({ url: Type.String({ maxLength: 8192, pattern: '^https?://' }) }, closed),
    none,
  ),
  'clipboard.writeText': method(
    'Put text on the clipboard',
    Type.Object({ text: Type.String({ maxLength: 10_000_000 }) }, closed),
    none,
  ),
  'notification.show': method(
    'Show a notification of the operating system; a click opens `route`',
    Type.Object(
      {
        title: Type.String({ minLength: 1, maxLength: 200 }),
        body: Type.String({ maxLength: 1000 }),
        route: Type.Optional(Type.String({ maxLength: 1024, pattern: '^/' })),
      },
      closed,
    ),
    none,
  ),

  'terminal.open': method(
    'Start a shell on the host (needs capability hostTerminal)',
    Type.Object({ ...size, cwd: Type.Optional(Type.String({ maxLength: 4096 })) }, closed),
    Type.Object({ sessionId }),
    { ordered: true },
  ),
  'terminal.write': method(
    'Type into a host terminal',
    Type.Object({ sessionId, data: Type.String({ maxLength: 1_000_000 }) }, closed),
    none,
    { ordered: true },
  ),
  'terminal.resize': method('Change the size of a host terminal', Type.Object({ sessionId, ...size }, closed), none, {
    ordered: true,
  }),
  'terminal.close': method('End a host terminal', Type.Object({ sessionId }, closed), none, { ordered: true }),

  'extensions.list': method('Installed extensions', none, Type.Array(ExtensionInfo)),
  'extensions.preview': method('Pull an extension’s image and say what it may do', preview, PackagePreview),
  'extensions.install': method('Install or upgrade an extension', install, ExtensionInfo),
  'extensions.uninstall': method(
    'Remove an extension, its containers and, when told, its volumes',
    Type.Object({ name: PackageName, removeData: Type.Boolean() }, closed),
    none,
  ),
  'extensions.uiUrl': method(
    'Where the extension’s page is; on an origin of its own, to be shown in a sandboxed frame',
    Type.Object({ name: PackageName }, closed),
    Type.Object({ url: Type.String(), origin: Type.String(), sandbox: Type.String() }),
  ),
  'extensions.request': method('ddClient.extension.vm.service', ServiceRequest, ServiceResponse),
  'extensions.exec': method('ddClient …cli.exec, answered as a whole', ExtensionExec, ExecResult),
  'extensions.execStream': method(
    'ddClient …cli.exec with `stream`; output comes as events until extensions.execClosed',
    Type.Object({ ...ExtensionExec.properties, execId: sessionId }, closed),
    none,
  ),
  'extensions.execKill': method('End a streamed command', Type.Object({ execId: sessionId }, closed), none),
  'extensions.docker': method(
    'ddClient.docker.listContainers and listImages: the Engine API’s own documents',
    Type.Object(
      {
        name: PackageName,
        operation: Type.Union([Type.Literal('listContainers'), Type.Literal('listImages')]),
        /** Engine API query: all, limit, size, digests, filters (JSON text). */
        query: Type.Record(Type.String(), Type.Union([Type.String(), Type.Boolean(), Type.Number()])),
      },
      closed,
    ),
    Type.Array(Type.Unknown()),
  ),
  'extensions.audit': method('What an extension asked for, newest first', byName, Type.Array(AuditEntry)),

  'plugins.list': method('Installed plugins with their state', none, Type.Array(PluginInfo)),
  'plugins.preview': method('Pull a plugin’s image and say what it may do', preview, PackagePreview),
  'plugins.install': method('Create and start a plugin', install, PluginInfo),
  'plugins.start': method('Start a stopped plugin', byName, PluginInfo),
  'plugins.stop': method('Stop a plugin', byName, PluginInfo),
  'plugins.uninstall': method(
    'Remove a plugin’s container and, when told, its volumes',
    Type.Object({ name: PackageName, removeData: Type.Boolean() }, closed),
    none,
  ),
  'jobs.cancel': method('Stop a preview or an install', Type.Object({ jobId: JobId }, closed), none),

  'registry.status': method('Whether the registry this app runs is up, and where', none, OwnRegistryStatus),
  'registry.start': method('Start the registry; answers when it serves', none, OwnRegistryStatus),
  'registry.stop': method('Stop the registry; its images stay', none, OwnRegistryStatus),
  'registry.users': method('Users of the registry', none, Type.Array(RegistryUserName)),
  'registry.addUser': method(
    'Add a user of the registry, or change a password; the first one closes it to strangers',
    Type.Object(
      { name: RegistryUserName, password: Type.String({ minLength: 1, maxLength: 1024, pattern: '^[^\r\n]+$' }) },
      closed,
    ),
    Type.Array(RegistryUserName),
  ),
  'registry.removeUser': method(
    'Remove a user of the registry; without users everybody may do everything',
    Type.Object({ name: RegistryUserName }, closed),
    Type.Array(RegistryUserName),
  ),

  'credentials.list': method('Registries signed in to', none, Type.Array(StoredCredential)),
  'credentials.save': method(
    'Sign in to a registry; the engine checks it first, then it is stored encrypted',
    Type.Object(
      {
        registry,
        username: Type.String({ minLength: 1, maxLength: 255 }),
        secret: Type.String({ minLength: 1, maxLength: 16384 }),
      },
      closed,
    ),
    StoredCredential,
  ),
  'credentials.remove': method('Sign out of a registry', Type.Object({ registry }, closed), none),
} as const satisfies Record<string, HostMethodSpec>;

export const hostEvents = {
  'engine.status': EngineStatus,
  'settings.changed': Settings,
  'registry.status': OwnRegistryStatus,
  'terminal.data': Type.Object({ sessionId, data: Type.String() }),
  'terminal.exit': Type.Object({ sessionId, exitCode: Type.Number() }),
  'extensions.changed': Type.Object({ name: Type.String() }),
  'plugins.changed': Type.Object({ name: Type.String() }),
  'jobs.progress': InstallProgress,
  'extensions.execOutput': Type.Object({
    execId: sessionId,
    stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr')]),
    data: Type.String(),
  }),
  'extensions.execClosed': Type.Object({ execId: sessionId, code: Type.Number(), error: Type.String() }),
  /** From the menu, the tray, a notification or a wharf:// link: go to this route of the app. */
  navigate: Type.Object({ route: Type.String() }),
  /** From the menu: what the app does by itself, for example open the palette. */
  command: Type.Object({
    name: Type.Union([Type.Literal('palette'), Type.Literal('terminal'), Type.Literal('reload')]),
  }),
} as const satisfies Record<string, TSchema>;

export type HostMethod = keyof typeof hostMethods;
export type HostEvent = keyof typeof hostEvents;
export type HostInput<M extends HostMethod> = Static<(typeof hostMethods)[M]['input']>;
export type HostOutput<M extends HostMethod> = Static<(typeof hostMethods)[M]['output']>;
export type HostEventPayload<E extends HostEvent> = Static<(typeof hostEvents)[E]>;
export type { ExecTarget };

/** What the renderer's features call; built over IPC or HTTP by src/renderer/host. Failures throw WharfError. */
export interface HostApi {
  readonly kind: 'electron' | 'web';
  invoke<M extends HostMethod>(method: M, input: HostInput<M>): Promise<HostOutput<M>>;
  /** @returns a function that ends the subscription. */
  on<E extends HostEvent>(event: E, listener: (payload: HostEventPayload<E>) => void): () => void;
}

/** An error that has crossed a process border. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}
/** Answers travel in an envelope: Electron's bridge keeps only the message of a thrown error. */
export type HostReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: WireError };

/** A message of the engine relay; see engine-frames.ts. Opaque here, so that preload needs no schema. */
export interface EnginePort {
  post(frame: unknown): void;
  /** @returns a function that ends the subscription. */
  listen(listener: (frame: unknown) => void): () => void;
}

/** `window.wharfHost`, put there by the preload script in Electron; frozen, and absent in a browser. */
export interface PreloadBridge {
  readonly kind: 'electron';
  invoke(method: string, input: unknown): Promise<HostReply>;
  on(event: string, listener: (payload: unknown) => void): () => void;
  readonly engine: EnginePort;
}

export function isHostMethod(value: unknown): value is HostMethod {
  return typeof value === 'string' && Object.hasOwn(hostMethods, value);
}

export function isHostEvent(value: unknown): value is HostEvent {
  return typeof value === 'string' && Object.hasOwn(hostEvents, value);
}

/** For the sending side of a process border. Anything not raised on purpose is 'internal' and keeps its message. */
export function toWireError(error: unknown): WireError {
  if (isWharfError(error)) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** For the receiving side. */
export function fromWireError(error: WireError): WharfError {
  const code = isErrorCode(error.code) ? error.code : 'internal';
  return new WharfError(code, error.message, error.hint === undefined ? {} : { hint: error.hint });
}
