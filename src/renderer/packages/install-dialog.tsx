import { useQueryClient } from '@tanstack/react-query';
import { Check, HardDrive, Network, Plug, ShieldAlert, SquareTerminal, Wrench } from 'lucide-react';
import { type ReactNode, useCallback } from 'react';
import type { HostEventPayload } from '../../contract/host-api.ts';
import type { Permissions } from '../../contract/host-schemas.ts';
import { hostKeys, useHost, useHostEvent } from '../host/host-context.tsx';
import { closeInstall, installPackage, type PackageKind, useInstall } from '../host/packages.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Progress } from '../ui/progress.tsx';
import { toastSuccess } from '../ui/toast.ts';

interface Grant {
  readonly icon: ReactNode;
  readonly title: string;
  readonly details: readonly string[];
  readonly grave: boolean;
}

/** What a package asks for, in words; the grave ones first. */
export function grantsOf(permissions: Permissions): readonly Grant[] {
  const grants: Grant[] = [];
  const add = (when: boolean, grant: Grant) => when && grants.push(grant);
  add(permissions.privileged, {
    icon: <ShieldAlert />,
    title: 'Run privileged: all of this machine',
    details: [],
    grave: true,
  });
  add(permissions.sockets.length > 0, {
    icon: <ShieldAlert />,
    title: 'Reach sockets of this machine (the engine’s socket means all of the engine)',
    details: permissions.sockets,
    grave: true,
  });
  add(permissions.hostBinaries.length > 0, {
    icon: <SquareTerminal />,
    title: 'Run programs on this machine in your name',
    details: permissions.hostBinaries,
    grave: true,
  });
  add(permissions.mounts.length > 0, {
    icon: <HardDrive />,
    title: 'See folders of this machine',
    details: permissions.mounts,
    grave: true,
  });
  add(permissions.network === 'host', {
    icon: <Network />,
    title: 'Use this machine’s network directly',
    details: [],
    grave: true,
  });
  add(permissions.capabilities.length > 0, {
    icon: <ShieldAlert />,
    title: 'Extra kernel rights',
    details: permissions.capabilities,
    grave: true,
  });
  add(permissions.dockerCli, {
    icon: <Wrench />,
    title: 'Run docker commands in your name',
    details: [],
    grave: false,
  });
  add(permissions.ports.length > 0, {
    icon: <Plug />,
    title: 'Open ports on this machine',
    details: permissions.ports,
    grave: false,
  });
  add(permissions.volumes.length > 0, {
    icon: <HardDrive />,
    title: 'Keep data in volumes of its own',
    details: permissions.volumes,
    grave: false,
  });
  add(permissions.network === 'bridge', {
    icon: <Network />,
    title: 'Use the network from its containers',
    details: [],
    grave: false,
  });
  return grants;
}

function GrantList({ permissions }: { readonly permissions: Permissions }) {
  const grants = grantsOf(permissions);
  if (grants.length === 0)
    return (
      <p className="flex items-center gap-2 rounded-xl bg-good-soft px-4 py-3 text-good">
        <Check className="size-4" aria-hidden /> It asks for nothing beyond its own page.
      </p>
    );
  return (
    <ul aria-label="Permissions" className="flex flex-col gap-2">
      {grants.map((grant) => (
        <li
          key={grant.title}
          className={`flex gap-3 rounded-xl border px-4 py-2.5 [&_svg]:mt-0.5 [&_svg]:size-4 ${grant.grave ? 'border-warn/30 bg-warn-soft text-warn' : 'border-line bg-surface text-ink-2'}`}
        >
          {grant.icon}
          <div className="min-w-0">
            <div className="font-medium text-ink">{grant.title}</div>
            {grant.details.map((detail) => (
              <code key={detail} className="block font-mono text-xs break-all text-ink-2">
                {detail}
              </code>
            ))}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Preview, permissions, install: the one way a package gets onto this machine. */
export function InstallDialog({ kind }: { readonly kind: PackageKind }) {
  const host = useHost();
  const cache = useQueryClient();
  const { state, progress } = useInstall();
  useHostEvent(
    'jobs.progress',
    useCallback((next: HostEventPayload<'jobs.progress'>) => {
      const current = useInstall.getState().state;
      if ((current.kind === 'previewing' || current.kind === 'installing') && current.jobId === next.jobId)
        useInstall.setState({ progress: next });
    }, []),
  );
  const close = () => closeInstall(host);
  const install = async () => {
    if (state.kind !== 'asking') return;
    if (await installPackage(host, kind, state.image, state.preview)) {
      toastSuccess(`${state.preview.title} is installed`);
      await cache.invalidateQueries({ queryKey: kind === 'extension' ? hostKeys.extensions : hostKeys.plugins });
    }
  };
  const busy = state.kind === 'previewing' || state.kind === 'installing';
  const preview = state.kind === 'asking' || state.kind === 'installing' ? state.preview : undefined;
  const verb = preview?.installedVersion ? `Update to ${preview.version}` : 'Install';
  return (
    <Dialog
      open={state.kind !== 'closed'}
      onClose={close}
      onSubmit={() => void install()}
      title={
        preview
          ? `${preview.installedVersion ? 'Update' : 'Install'} ${preview.title}`
          : state.kind === 'closed'
            ? ''
            : `Reading ${state.image}`
      }
      description={
        preview
          ? [preview.vendor, preview.version && `version ${preview.version}`].filter(Boolean).join(' · ')
          : undefined
      }
      footer={
        <>
          <Button onClick={close}>{busy ? 'Cancel' : 'Close'}</Button>
          {preview && (
            <Button look="primary" type="submit" busy={state.kind === 'installing'}>
              {verb}
            </Button>
          )}
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {preview && (
          <>
            <p className="text-ink-2">{preview.description}</p>
            <div>
              <h3 className="mb-2 font-semibold">It will be allowed to</h3>
              <GrantList permissions={preview.permissions} />
            </div>
          </>
        )}
        {busy && (
          <div className="flex flex-col gap-1.5" role="status">
            <Progress value={progress?.total ? (progress.current ?? 0) / progress.total : undefined} label="Progress" />
            <span className="text-xs text-ink-3">{progress?.message ?? 'Asking the registry'}</span>
          </div>
        )}
        {state.kind === 'failed' && <ErrorNote error={state.error} />}
      </div>
    </Dialog>
  );
}
