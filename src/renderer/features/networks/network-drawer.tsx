import { Unplug } from 'lucide-react';
import { useState } from 'react';
import type { Network } from '../../../contract/engine-types.ts';
import { nameOf } from '../../engine/container-view.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useContainers, useNetwork } from '../../engine/queries.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Select } from '../../ui/field.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';

function Details({ id }: { readonly id: string }) {
  const engine = useEngine();
  const network = useNetwork(id);
  const containers = useContainers().data ?? [];
  const [chosen, setChosen] = useState('');
  if (network.error) return <ErrorNote error={network.error} />;
  if (!network.data) return <TableSkeleton rows={3} />;
  const { data } = network;
  const attached = Object.entries(data.Containers);
  const others = containers.filter(
    (container) => container.State === 'running' && !attached.some(([each]) => each === container.Id),
  );
  const connect = async () => {
    await engine.call('NetworkConnect', { params: { id }, body: { Container: chosen } });
    setChosen('');
    toastSuccess(`Connected to ${data.Name}`);
  };
  const disconnect = (container: string) =>
    engine.call('NetworkDisconnect', { params: { id }, body: { Container: container } });
  return (
    <div className="flex flex-col gap-4">
      <Card>
        <Facts
          facts={[
            ['Driver', data.Driver],
            ['Subnet', data.IPAM.Config?.map((config) => config.Subnet).join(', ') || 'none'],
            ['Gateway', data.IPAM.Config?.map((config) => config.Gateway).join(', ') || 'none'],
            ['Internal', data.Internal ? 'yes' : 'no'],
            ['IPv6', data.EnableIPv6 ? 'yes' : 'no'],
          ]}
        />
      </Card>
      <Card title="Containers">
        {attached.length === 0 && <p className="pb-2 text-ink-3">No running container is on this network.</p>}
        <ul>
          {attached.map(([containerId, end]) => (
            <li key={containerId} className="flex items-center gap-3 border-b border-line py-1.5 last:border-0">
              <span className="min-w-0 flex-1 truncate font-medium">{end.Name}</span>
              <code className="font-mono text-xs text-ink-2">{end.IPv4Address.split('/')[0]}</code>
              {data.Driver === 'bridge' && (
                <IconButton
                  label={`Disconnect ${end.Name}`}
                  onClick={() => void disconnect(containerId).catch(toastError)}
                >
                  <Unplug />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
        {data.Driver === 'bridge' && others.length > 0 && (
          <div className="mt-3 flex gap-2">
            <Select aria-label="Container to connect" value={chosen} onChange={(e) => setChosen(e.target.value)}>
              <option value="">Choose a running container</option>
              {others.map((container) => (
                <option key={container.Id} value={container.Id}>
                  {nameOf(container)}
                </option>
              ))}
            </Select>
            <Button disabled={chosen === ''} onClick={() => void connect().catch(toastError)}>
              Connect
            </Button>
          </div>
        )}
      </Card>
    </div>
  );
}

export function NetworkDrawer({
  network,
  onClose,
}: {
  readonly network: Network | undefined;
  readonly onClose: () => void;
}) {
  return (
    <Drawer open={network !== undefined} onClose={onClose} title={network?.Name ?? ''}>
      {network && <Details id={network.Id} />}
    </Drawer>
  );
}
