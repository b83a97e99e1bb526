/**
 * Who may import whom (docs/architecture.md, "Folders"), as data. The most specific path wins. Anything not listed fails:
 * a file without a layer, an import without permission, a package outside a layer's list.
 */
export interface Layer {
  /** Path below the project, without a slash at the end; a single file is fine. `*` stands for one folder name. */
  readonly path: string;
  /** Paths this one may import from, beside itself. */
  readonly imports?: readonly string[];
  /** Paths it may import types from only: interfaces that somebody else wires to it. */
  readonly types?: readonly string[];
  /** Whether Node's built-in modules are allowed. */
  readonly node?: true;
  /** npm packages; `x` allows `x` and `x/…`. */
  readonly packages?: readonly string[];
}

const rules = ['src/oci', 'src/contract'];
const daemon = [...rules, 'src/daemon/events'];
const host = ['src/contract', 'src/client', 'src/machine', 'src/extensions', 'src/host'];
const browser = ['react', 'react-dom', '@tanstack', 'lucide-react', 'zustand'];

export const layers: readonly Layer[] = [
  { path: 'src/oci' },
  { path: 'src/contract', imports: ['src/oci'], packages: ['typebox'] },
  { path: 'src/client', imports: rules, packages: ['typebox'] },
  { path: 'src/client/node', imports: [...rules, 'src/client'], node: true },

  // Decision: the files of src/daemon itself (main.ts, open-engine.ts) are the only wiring, so they alone see everything.
  { path: 'src/daemon', imports: [...daemon, 'src/registry/client', 'package.json'], node: true },
  {
    path: 'src/daemon/http',
    imports: daemon,
    types: [
      'src/daemon/containers',
      'src/daemon/images',
      'src/daemon/networks',
      'src/daemon/volumes',
      'src/daemon/engine-plugins',
      'src/daemon/snapshots',
      'src/daemon/runtime',
      'src/daemon/system',
      'src/daemon/trust',
      'src/daemon/logger.ts',
      'src/daemon/daemon-options.ts',
      'src/registry/client',
    ],
    node: true,
    packages: ['ws'],
  },
  {
    path: 'src/daemon/system',
    imports: [...daemon, 'src/daemon/linux', 'package.json'],
    types: [
      'src/daemon/daemon-options.ts',
      'src/daemon/http',
      'src/daemon/containers',
      'src/daemon/images',
      'src/daemon/volumes',
      'src/daemon/snapshots',
      'src/daemon/runtime',
    ],
    node: true,
  },
  {
    path: 'src/daemon/containers',
    imports: [
      ...daemon,
      'src/daemon/images',
      'src/daemon/snapshots',
      'src/daemon/networks',
      'src/daemon/volumes',
      'src/daemon/runtime',
      'src/daemon/logs',
      'src/daemon/linux',
    ],
    node: true,
  },
  {
    path: 'src/daemon/images',
    imports: [...daemon, 'src/daemon/content', 'src/daemon/snapshots', 'src/registry/client'],
    node: true,
  },
  // The gate of the images: it is handed to them, and asks registries through the client it is handed.
  {
    path: 'src/daemon/trust',
    imports: daemon,
    types: ['src/daemon/images', 'src/registry/client'],
    node: true,
  },
  { path: 'src/daemon/content', imports: [...daemon, 'src/daemon/linux'], node: true },
  { path: 'src/daemon/snapshots', imports: [...daemon, 'src/daemon/linux'], node: true },
  { path: 'src/daemon/networks', imports: [...daemon, 'src/daemon/linux'], node: true },
  { path: 'src/daemon/volumes', imports: [...daemon, 'src/daemon/linux'], node: true },
  // Plugins bring drivers to volumes and networks, and the engine runs some of them itself, as containers of their own.
  {
    path: 'src/daemon/engine-plugins',
    imports: [
      ...daemon,
      'src/daemon/content',
      'src/daemon/snapshots',
      'src/daemon/networks',
      'src/daemon/runtime',
      'src/daemon/linux',
      'src/registry/client',
    ],
    types: ['src/daemon/volumes'],
    node: true,
  },
  // Attaching to a container reads its log: the runtime's output is a file that logs/ knows how to follow.
  { path: 'src/daemon/runtime', imports: [...daemon, 'src/daemon/linux', 'src/daemon/logs'], node: true },
  { path: 'src/daemon/logs', imports: daemon, node: true },
  { path: 'src/daemon/events', imports: [] },
  // The parent of an ordinary user's engine, and what the engine does first inside; nothing of the engine itself.
  { path: 'src/daemon/rootless', imports: [...daemon, 'src/daemon/linux', 'src/daemon/system'], node: true },
  { path: 'src/daemon/linux', imports: rules, node: true, packages: ['koffi', 'node-pty'] },

  // The process: only here do server and client meet, where a part of the server is a cache of another registry (ADR 0015).
  {
    path: 'src/registry',
    imports: [...rules, 'src/registry/client', 'src/registry/server'],
    node: true,
  },
  { path: 'src/registry/client', imports: rules, node: true },
  { path: 'src/registry/server', imports: rules, node: true },

  {
    path: 'src/cli',
    imports: [...rules, 'src/client', 'src/machine', 'src/extensions', 'src/host', 'package.json'],
    node: true,
  },
  { path: 'src/machine', imports: rules, node: true },
  {
    path: 'src/extensions',
    imports: ['src/contract', 'src/client', 'src/machine'],
    node: true,
    packages: ['yaml', 'typebox'],
  },
  // What the Electron main process and the web gateway share: they serve the same host contract.
  {
    path: 'src/host',
    imports: ['src/contract', 'src/client', 'src/machine', 'src/extensions'],
    node: true,
    packages: ['node-pty', 'typebox', 'ws'],
  },
  { path: 'src/gateway', imports: host, node: true, packages: ['ws', 'typebox'] },
  {
    path: 'src/main',
    imports: [...host, 'src/gateway/relay.ts', 'src/gateway/engine-path.ts'],
    node: true,
    packages: ['electron', 'typebox'],
  },
  { path: 'src/preload', imports: ['src/contract'], packages: ['electron'] },

  // The renderer: entries -> app -> features -> engine, host, packages -> ui. Browser code only.
  { path: 'src/renderer', imports: ['src/contract', 'src/client', 'src/renderer/app', 'src/renderer/host'] },
  {
    path: 'src/renderer/app',
    imports: [
      'src/contract',
      'src/client',
      'src/renderer/features',
      'src/renderer/engine',
      'src/renderer/host',
      'src/renderer/ui',
      'src/renderer/assets',
      'src/renderer/styles',
    ],
    packages: [...browser, 'cmdk', 'sonner'],
  },
  {
    path: 'src/renderer/features/*',
    imports: [
      'src/contract',
      'src/client',
      'src/renderer/engine',
      'src/renderer/host',
      'src/renderer/packages',
      'src/renderer/registry-browser',
      'src/renderer/ui',
    ],
    packages: browser,
  },
  // What the pages Extensions and Plugins share: the catalogue and the install dialog.
  {
    path: 'src/renderer/packages',
    imports: ['src/contract', 'src/renderer/engine', 'src/renderer/host', 'src/renderer/ui'],
    packages: browser,
  },
  // A registry's content over any connection: the app shows it, and so does the page a registry serves of itself.
  {
    path: 'src/renderer/registry-browser',
    imports: ['src/contract', 'src/oci', 'src/renderer/ui'],
    packages: browser,
  },
  // That page: another entry, without a host and without an engine.
  {
    path: 'src/renderer/registry-site',
    imports: [
      'src/contract',
      'src/renderer/registry-browser',
      'src/renderer/ui',
      'src/renderer/assets',
      'src/renderer/styles',
    ],
    packages: browser,
  },
  { path: 'src/renderer/engine', imports: ['src/contract', 'src/client'], packages: browser },
  { path: 'src/renderer/host', imports: ['src/contract', 'src/client'], packages: browser },
  {
    path: 'src/renderer/ui',
    packages: [...browser, 'radix-ui', 'sonner', '@xterm', 'uplot'],
  },
];

/** Field terms that hold one of those words. */
export const fieldTerms = ['credential-helper'] as const;

/** Test files may also import these, whatever their layer. */
export const testLayer = {
  imports: ['test-world', 'src'],
  packages: ['vitest', '@playwright', 'typebox', 'koffi', 'ws'],
} as const;

/** Words no file name may be: they say nothing about what the file holds. */
export const emptyNames = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager'] as const;

/** The only places that may ask which operating system they run on. */
export const platformPlaces = ['src/machine', 'src/cli/terminal'] as const;
