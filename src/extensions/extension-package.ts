import path from 'node:path';
import { WharfError } from '../contract/errors.ts';
import type { Permissions } from '../contract/host-schemas.ts';
import { parseComposeFile, type ServiceSpec } from './compose-file.ts';
import {
  type ExtensionManifest,
  type HostPlatform,
  parseExtensionManifest,
  substitutePluginImage,
} from './extension-manifest.ts';
import { derivePermissions } from './extension-permissions.ts';
import type { ImageFiles } from './image-files.ts';
import type { PackageImage } from './package-image.ts';
import { packageNameOf } from './package-image.ts';

/** What an extension's image says about itself, read and checked. */
export interface ExtensionPackage {
  readonly name: string;
  readonly image: PackageImage;
  readonly manifest: ExtensionManifest;
  readonly services: readonly ServiceSpec[];
  readonly permissions: Permissions;
  readonly title: string;
  readonly description: string;
  readonly vendor: string;
  readonly icon: string | null;
}

const apiVersionLabel = 'com.docker.desktop.extension.api.version';
const maxIconBytes = 512 * 1024;
const iconTypes: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
};

/** @throws WharfError 'extension.invalid' when the image is no extension, or a broken one */
export async function readExtensionPackage(
  image: PackageImage,
  files: ImageFiles,
  platform: HostPlatform,
): Promise<ExtensionPackage> {
  const { labels, reference } = image;
  if (labels[apiVersionLabel] === undefined && labels['io.wharf.kind'] !== 'extension') {
    throw new WharfError('extension.invalid', `${reference} is not an extension`, {
      hint: `An extension's image carries the label ${apiVersionLabel}.`,
    });
  }
  const metadata = await files.readText('/metadata.json');
  if (metadata === undefined) throw new WharfError('extension.invalid', `${reference} holds no /metadata.json`);
  const manifest = parseExtensionManifest(metadata, platform);
  const services = await readServices(manifest, image, files);
  const name = packageNameOf(reference);
  return {
    name,
    image,
    manifest,
    services,
    permissions: derivePermissions(manifest, services),
    title: labels['org.opencontainers.image.title'] ?? manifest.ui?.title ?? name,
    description: labels['org.opencontainers.image.description'] ?? '',
    vendor: labels['org.opencontainers.image.vendor'] ?? '',
    icon: await readIcon(manifest, labels, files),
  };
}

async function readServices(
  manifest: ExtensionManifest,
  image: PackageImage,
  files: ImageFiles,
): Promise<ServiceSpec[]> {
  const { vm } = manifest;
  if (vm === undefined) return [];
  if (vm.kind === 'image') {
    const none = {
      command: undefined,
      entrypoint: undefined,
      networkMode: undefined,
      user: undefined,
      workingDir: undefined,
    };
    const name = substitutePluginImage(vm.image, image.reference);
    return [
      { name: 'vm', image: name, environment: [], ports: [], mounts: [], privileged: false, capAdd: [], ...none },
    ];
  }
  const file = path.posix.resolve('/', vm.file);
  const compose = await files.readText(file);
  if (compose === undefined) throw new WharfError('extension.invalid', `the image holds no ${file}`);
  return parseComposeFile(substitutePluginImage(compose, image.reference));
}

/** The icon as a data: URI, so that showing it asks nobody for anything. An icon on the web is left out for that reason. */
async function readIcon(
  manifest: ExtensionManifest,
  labels: Readonly<Record<string, string>>,
  files: ImageFiles,
): Promise<string | null> {
  const label = labels['io.wharf.icon'] ?? labels['com.docker.desktop.extension.icon'];
  if (manifest.icon !== undefined) {
    const type = iconTypes[path.posix.extname(manifest.icon).toLowerCase()];
    const bytes = await files.readBytes(path.posix.resolve('/', manifest.icon), maxIconBytes).catch(() => undefined);
    if (bytes !== undefined && type !== undefined) return `data:${type};base64,${bytes.toString('base64')}`;
  }
  return dataIcon(label);
}

/** @returns the label's value when it is an image as a data: URI of fair size */
export function dataIcon(label: string | undefined): string | null {
  if (label === undefined || label.length > maxIconBytes * 2) return null;
  return /^data:image\/[a-z+.-]+[;,]/.test(label) ? label : null;
}
