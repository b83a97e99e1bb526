import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { WharfError } from '../contract/errors.ts';

const Path = Type.String({ minLength: 1, maxLength: 4096 });
const Socket = Type.Object({ socket: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }) });
const BinaryPaths = Type.Array(Type.Object({ path: Path }), { maxItems: 50 });

/** Docker's extension contract: what /metadata.json of an extension's image holds. Unknown fields are ignored. */
const Metadata = Type.Object({
  icon: Type.Optional(Path),
  ui: Type.Optional(
    Type.Object({
      'dashboard-tab': Type.Optional(
        Type.Object({
          title: Type.String({ minLength: 1, maxLength: 200 }),
          root: Type.Optional(Path),
          src: Path,
          backend: Type.Optional(Socket),
        }),
      ),
    }),
  ),
  vm: Type.Optional(
    Type.Object({
      image: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
      composefile: Type.Optional(Path),
      exposes: Type.Optional(Socket),
    }),
  ),
  host: Type.Optional(
    Type.Object({
      binaries: Type.Optional(
        Type.Array(
          Type.Object({
            darwin: Type.Optional(BinaryPaths),
            windows: Type.Optional(BinaryPaths),
            linux: Type.Optional(BinaryPaths),
          }),
          { maxItems: 50 },
        ),
      ),
    }),
  ),
});

export interface ExtensionManifest {
  readonly icon: string | undefined;
  /** `root` is a folder in the image, `src` a page below it. */
  readonly ui: { readonly title: string; readonly root: string; readonly src: string } | undefined;
  readonly vm:
    | { readonly kind: 'image'; readonly image: string }
    | { readonly kind: 'compose'; readonly file: string }
    | undefined;
  /** File name of the backend's socket in /run/guest-services. */
  readonly socket: string | undefined;
  /** Paths in the image of programs for this platform. */
  readonly hostBinaries: readonly string[];
}

export type HostPlatform = 'linux' | 'darwin' | 'win32';

/** @throws WharfError 'extension.invalid' that says which field is wrong */
export function parseExtensionManifest(text: string, platform: HostPlatform): ExtensionManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WharfError('extension.invalid', '/metadata.json is not valid JSON', { cause });
  }
  if (!Value.Check(Metadata, value)) {
    const first = Value.Errors(Metadata, value)[0];
    throw new WharfError(
      'extension.invalid',
      `/metadata.json: ${first?.instancePath || 'the document'} ${first?.message}`,
    );
  }
  return toManifest(value, platform);
}

function toManifest(metadata: Static<typeof Metadata>, platform: HostPlatform): ExtensionManifest {
  const tab = metadata.ui?.['dashboard-tab'];
  const { vm } = metadata;
  if (vm !== undefined && (vm.image === undefined) === (vm.composefile === undefined)) {
    throw new WharfError('extension.invalid', '/metadata.json: vm needs either image or composefile');
  }
  const key = platform === 'win32' ? 'windows' : platform;
  return {
    icon: metadata.icon,
    ui: tab === undefined ? undefined : { title: tab.title, root: tab.root ?? '/', src: insideRoot(tab.src) },
    vm:
      vm?.image !== undefined
        ? { kind: 'image', image: vm.image }
        : vm?.composefile !== undefined
          ? { kind: 'compose', file: vm.composefile }
          : undefined,
    socket: vm?.exposes?.socket ?? tab?.backend?.socket,
    hostBinaries: (metadata.host?.binaries ?? []).flatMap((binaries) => (binaries[key] ?? []).map(({ path }) => path)),
  };
}

function insideRoot(src: string): string {
  const clean = src.replace(/^\.?\/+/, '');
  if (clean.split('/').includes('..'))
    throw new WharfError('extension.invalid', `/metadata.json: src ${src} leaves its root`);
  return clean;
}

/** Substituted wherever the contract allows an image name. */
export function substitutePluginImage(text: string, image: string): string {
  return text.replaceAll(/\$\{DESKTOP_PLUGIN_IMAGE\}|\$DESKTOP_PLUGIN_IMAGE\b/g, image);
}
