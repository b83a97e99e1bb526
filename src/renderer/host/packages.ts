import { useQuery } from '@tanstack/react-query';
import { create } from 'zustand';
import type { HostApi } from '../../contract/host-api.ts';
import type { InstallProgress, PackagePreview } from '../../contract/host-schemas.ts';
import { hostKeys, useHost } from './host-context.tsx';

/** Extensions and plugins are both packages: previewed with their permissions, installed as a job, listed, removed. */
export type PackageKind = 'extension' | 'plugin';

export function useInstalledExtensions() {
  const host = useHost();
  return useQuery({ queryKey: hostKeys.extensions, queryFn: () => host.invoke('extensions.list', null), retry: false });
}

export function useInstalledPlugins() {
  const host = useHost();
  return useQuery({
    queryKey: hostKeys.plugins,
    queryFn: () => host.invoke('plugins.list', null),
    retry: false,
    // A plugin that is starting becomes ready without an event of the engine: its own page answers. Asked until it does.
    refetchInterval: ({ state }) => (state.data?.some((plugin) => plugin.state === 'starting') ? 1000 : false),
  });
}

/** The install dialog's state; one at a time. */
export type InstallState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'previewing'; readonly image: string; readonly jobId: string }
  | { readonly kind: 'asking'; readonly image: string; readonly preview: PackagePreview }
  | { readonly kind: 'installing'; readonly image: string; readonly preview: PackagePreview; readonly jobId: string }
  | { readonly kind: 'failed'; readonly image: string; readonly error: unknown };

interface InstallStore {
  readonly state: InstallState;
  readonly progress: InstallProgress | undefined;
}
export const useInstall = create<InstallStore>(() => ({ state: { kind: 'closed' }, progress: undefined }));

const newJobId = () => crypto.randomUUID().replaceAll('-', '');

export async function previewPackage(host: HostApi, kind: PackageKind, image: string): Promise<void> {
  const jobId = newJobId();
  useInstall.setState({ state: { kind: 'previewing', image, jobId }, progress: undefined });
  const stillMine = () => {
    const { state } = useInstall.getState();
    return state.kind === 'previewing' && state.jobId === jobId;
  };
  try {
    const preview = await host.invoke(kind === 'extension' ? 'extensions.preview' : 'plugins.preview', {
      image,
      jobId,
    });
    if (stillMine()) useInstall.setState({ state: { kind: 'asking', image, preview } });
  } catch (error) {
    if (stillMine()) useInstall.setState({ state: { kind: 'failed', image, error } });
  }
}

/** Installs what the user agreed to; the host refuses when the image asks for more than was shown. */
export async function installPackage(
  host: HostApi,
  kind: PackageKind,
  image: string,
  preview: PackagePreview,
): Promise<boolean> {
  const jobId = newJobId();
  useInstall.setState({ state: { kind: 'installing', image, preview, jobId }, progress: undefined });
  try {
    await host.invoke(kind === 'extension' ? 'extensions.install' : 'plugins.install', {
      image,
      jobId,
      granted: preview.permissions,
    });
    useInstall.setState({ state: { kind: 'closed' } });
    return true;
  } catch (error) {
    useInstall.setState({ state: { kind: 'failed', image, error } });
    return false;
  }
}

export function closeInstall(host: HostApi): void {
  const { state } = useInstall.getState();
  if (state.kind === 'previewing' || state.kind === 'installing')
    void host.invoke('jobs.cancel', { jobId: state.jobId }).catch(() => {});
  useInstall.setState({ state: { kind: 'closed' }, progress: undefined });
}
