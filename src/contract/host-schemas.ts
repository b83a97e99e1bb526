import { type Static, type TSchema, Type } from 'typebox';

/**
 * Shapes that cross the line between the renderer and its host (Electron's main process, or the web gateway).
 * Host features only: everything about containers goes over the Engine API instead.
 */
const closed = { additionalProperties: false } as const;
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** Names of extensions and plugins on disk and in labels: what a path segment and a host name may both be. */
export const PackageName = Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$' });
export const ImageName = text(512);
/** Chosen by the caller, so that progress can be shown before the call returns. */
export const JobId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' });

export const Capabilities = Type.Object({
  /** Native open and save dialogs that answer with paths on this machine. */
  fileDialogs: Type.Boolean(),
  /** A shell on the host (not in a container). */
  hostTerminal: Type.Boolean(),
  tray: Type.Boolean(),
  startAtLogin: Type.Boolean(),
  notifications: Type.Boolean(),
  /** The host may start, restart and repair the engine. False when attached to a remote one. */
  engineControl: Type.Boolean(),
  extensions: Type.Boolean(),
  /** Secrets are encrypted by the operating system's key store; otherwise by a key file only this user may read. */
  systemKeyStore: Type.Boolean(),
});
export type Capabilities = Static<typeof Capabilities>;

export const AppInfo = Type.Object({
  version: Type.String(),
  kind: Type.Union([Type.Literal('electron'), Type.Literal('web')]),
  platform: Type.Union([Type.Literal('linux'), Type.Literal('darwin'), Type.Literal('win32')]),
  arch: Type.String(),
  hostname: Type.String(),
  /** Where the engine listens, as `-H` takes it. */
  engineEndpoint: Type.String(),
  capabilities: Capabilities,
});
export type AppInfo = Static<typeof AppInfo>;

const phaseTimes = { sinceMs: Type.Number(), limitMs: Type.Number() };
const waiting = <const K extends string>(kind: K) => Type.Object({ kind: Type.Literal(kind), ...phaseTimes });
/** `sinceMs` is Unix time; a waiting phase that lasts longer than `limitMs` becomes `failed`, never an endless spinner. */
export const EngineStatus = Type.Union([
  waiting('checking'),
  waiting('starting-daemon'),
  waiting('waiting-for-api'),
  Type.Object({
    kind: Type.Literal('ready'),
    sinceMs: Type.Number(),
    /** False when the daemon was running already and Wharf only attached to it. */
    ownsDaemon: Type.Boolean(),
    version: nullable(Type.String()),
  }),
  Type.Object({
    kind: Type.Literal('failed'),
    sinceMs: Type.Number(),
    /** The phase that failed. */
    phase: Type.String(),
    code: Type.String(),
    message: Type.String(),
    hint: Type.String(),
    logTail: Type.Array(Type.String()),
    /** Unix time of the next try by itself; null when only `engine.repair` tries again. */
    retryAtMs: nullable(Type.Number()),
  }),
  Type.Object({ kind: Type.Literal('stopped'), sinceMs: Type.Number() }),
]);
export type EngineStatus = Static<typeof EngineStatus>;

/** How the registry this app runs is run. */
export const OwnRegistrySettings = Type.Object(
  {
    /** `ADDR:PORT`; an address other machines reach needs users. */
    listen: Type.String({ maxLength: 255, pattern: '^.{0,249}:[0-9]{1,5}$', default: '127.0.0.1:5000' }),
    /** Folder of its images; empty: one below Wharf's own. */
    root: Type.String({ maxLength: 4096, default: '' }),
    startWithApp: Type.Boolean({ default: false }),
    /** Pulling needs no user; without users at all nothing does. */
    anonymousRead: Type.Boolean({ default: false }),
    /** Retention: what a run removes. 0: it does not count. */
    keepLastTags: Type.Integer({ minimum: 0, maximum: 100_000, default: 0 }),
    keepDays: Type.Integer({ minimum: 0, maximum: 36_500, default: 0 }),
    /** Tags that always stay: `latest`, `v*`. */
    protectedTags: Type.Array(text(128), { maxItems: 50, default: ['latest'] }),
  },
  { ...closed, default: {} },
);
export type OwnRegistrySettings = Static<typeof OwnRegistrySettings>;

/** The registry this app runs. It lives as long as the app, not longer. */
export const OwnRegistryStatus = Type.Union([
  Type.Object({ kind: Type.Literal('stopped') }),
  Type.Object({ kind: Type.Literal('starting'), ...phaseTimes }),
  Type.Object({
    kind: Type.Literal('running'),
    sinceMs: Type.Number(),
    /** `host:port` as image names begin with it. */
    address: Type.String(),
    /** Its page. */
    url: Type.String(),
    root: Type.String(),
  }),
  Type.Object({ kind: Type.Literal('stopping') }),
  Type.Object({
    kind: Type.Literal('failed'),
    sinceMs: Type.Number(),
    message: Type.String(),
    hint: Type.String(),
    logTail: Type.Array(Type.String()),
  }),
]);
export type OwnRegistryStatus = Static<typeof OwnRegistryStatus>;

/** As the registry takes them. */
export const RegistryUserName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$' });

const RegistryEntry = Type.Object({ address: text(255), insecure: Type.Optional(Type.Boolean()) }, closed);

/** What the user chose. Each has a default, so a settings file of any age still reads. */
export const Settings = Type.Object(
  {
    theme: Type.Union([Type.Literal('system'), Type.Literal('light'), Type.Literal('dark')], { default: 'system' }),
    closeToTray: Type.Boolean({ default: true }),
    startAtLogin: Type.Boolean({ default: false }),
    /** Wharf sends nothing to anyone; the only value says so. */
    telemetry: Type.Literal('none', { default: 'none' }),
    language: Type.String({ maxLength: 35, default: 'system' }),
    /** Registries searched and browsed beside docker.io. */
    registries: Type.Array(RegistryEntry, { maxItems: 50, default: [] }),
    ownRegistry: OwnRegistrySettings,
    showExtensionContainers: Type.Boolean({ default: false }),
    notifyOnExit: Type.Boolean({ default: true }),
    /** Shell of the host terminal; empty: the user's own. */
    hostShell: Type.String({ maxLength: 1024, default: '' }),
    engine: Type.Object(
      {
        registryMirrors: Type.Array(text(512), { maxItems: 20, default: [] }),
        insecureRegistries: Type.Array(text(255), { maxItems: 50, default: [] }),
        logLevel: Type.Union(
          [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
          { default: 'info' },
        ),
        httpProxy: Type.String({ maxLength: 1024, default: '' }),
        httpsProxy: Type.String({ maxLength: 1024, default: '' }),
        noProxy: Type.String({ maxLength: 2048, default: '' }),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
);
export type Settings = Static<typeof Settings>;

/** Any part of the settings; `engine` and `ownRegistry` are merged key by key. */
export const SettingsPatch = Type.Partial(
  Type.Object({
    ...Settings.properties,
    engine: Type.Partial(Settings.properties.engine, closed),
    ownRegistry: Type.Partial(OwnRegistrySettings, closed),
  }),
  closed,
);
export type SettingsPatch = Static<typeof SettingsPatch>;

export const FileFilter = Type.Object({ name: text(100), extensions: Type.Array(text(20), { maxItems: 20 }) }, closed);

/** What an extension or plugin may do; derived from its image, shown before install, enforced after. */
export const Permissions = Type.Object({
  /** Programs copied to this machine that the extension may run with the user's rights. */
  hostBinaries: Type.Array(Type.String()),
  /** Docker commands run in the user's name (`docker.cli`), so all of the engine. */
  dockerCli: Type.Boolean(),
  /** Sockets mounted into its containers, for example the engine's. */
  sockets: Type.Array(Type.String()),
  /** Host paths mounted into its containers: `/host/path -> /container/path (read only)`. */
  mounts: Type.Array(Type.String()),
  /** Named volumes it keeps data in. */
  volumes: Type.Array(Type.String()),
  /** Ports published on this machine: `8080/tcp`, or `ephemeral -> 8080/tcp`. */
  ports: Type.Array(Type.String()),
  network: Type.Union([Type.Literal('none'), Type.Literal('bridge'), Type.Literal('host')]),
  privileged: Type.Boolean(),
  capabilities: Type.Array(Type.String()),
});
export type Permissions = Static<typeof Permissions>;

const described = {
  name: PackageName,
  image: Type.String(),
  version: Type.String(),
  title: Type.String(),
  description: Type.String(),
  vendor: Type.String(),
  /** A data: URI, or null. */
  icon: nullable(Type.String()),
  permissions: Permissions,
};

/** What an image would install: shown with its permissions before anything runs. */
export const PackagePreview = Type.Object({
  ...described,
  kind: Type.Union([Type.Literal('extension'), Type.Literal('plugin')]),
  /** Version installed now; null when none is. */
  installedVersion: nullable(Type.String()),
});
export type PackagePreview = Static<typeof PackagePreview>;

export const ExtensionInfo = Type.Object({
  ...described,
  hasUi: Type.Boolean(),
  uiTitle: Type.String(),
  hasService: Type.Boolean(),
  containers: Type.Array(Type.Object({ id: Type.String(), service: Type.String() })),
  installedAtMs: Type.Number(),
});
export type ExtensionInfo = Static<typeof ExtensionInfo>;

export const PluginInfo = Type.Object({
  ...described,
  containerId: Type.String(),
  state: Type.Union([Type.Literal('running'), Type.Literal('starting'), Type.Literal('stopped')]),
  /** Address of its UI on loopback while it runs. */
  url: nullable(Type.String()),
});
export type PluginInfo = Static<typeof PluginInfo>;

export const InstallProgress = Type.Object({
  jobId: JobId,
  /** The image or package the job works on. */
  subject: Type.String(),
  phase: Type.Union([
    Type.Literal('pulling'),
    Type.Literal('reading'),
    Type.Literal('copying'),
    Type.Literal('creating'),
    Type.Literal('starting'),
    Type.Literal('done'),
    Type.Literal('failed'),
  ]),
  message: Type.String(),
  /** Bytes; absent while unknown. */
  current: Type.Optional(Type.Number()),
  total: Type.Optional(Type.Number()),
});
export type InstallProgress = Static<typeof InstallProgress>;

export const ExecTarget = Type.Union([Type.Literal('vm'), Type.Literal('host'), Type.Literal('docker')]);
export type ExecTarget = Static<typeof ExecTarget>;

/** A `ddClient` command call. Argument arrays only; nothing is ever given to a shell. */
export const ExtensionExec = Type.Object(
  {
    name: PackageName,
    target: ExecTarget,
    command: text(1024),
    args: Type.Array(Type.String({ maxLength: 65536 }), { maxItems: 512 }),
    cwd: Type.Optional(text(4096)),
    env: Type.Optional(Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 65536 }))),
  },
  closed,
);
export type ExtensionExec = Static<typeof ExtensionExec>;

export const ExecResult = Type.Object({
  cmd: Type.String(),
  code: nullable(Type.Number()),
  signal: nullable(Type.String()),
  killed: Type.Boolean(),
  stdout: Type.String(),
  stderr: Type.String(),
});
export type ExecResult = Static<typeof ExecResult>;

export const ServiceRequest = Type.Object(
  {
    name: PackageName,
    method: Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']),
    url: text(8192),
    headers: Type.Optional(Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 8192 }))),
    /** Sent as JSON unless it is a string. */
    data: Type.Optional(Type.Unknown()),
  },
  closed,
);
export type ServiceRequest = Static<typeof ServiceRequest>;

export const ServiceResponse = Type.Object({
  status: Type.Number(),
  headers: Type.Record(Type.String(), Type.String()),
  /** Parsed when the answer is JSON, else text. */
  data: Type.Unknown(),
});
export type ServiceResponse = Static<typeof ServiceResponse>;

export const AuditEntry = Type.Object({
  atMs: Type.Number(),
  action: Type.String(),
  detail: Type.String(),
  allowed: Type.Boolean(),
});
export type AuditEntry = Static<typeof AuditEntry>;

/** A stored registry sign-in; the secret itself never crosses to the renderer. */
export const StoredCredential = Type.Object({ registry: Type.String(), username: Type.String() });
export type StoredCredential = Static<typeof StoredCredential>;
