import { SquareTerminal } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { ContainerInspect } from '../../../contract/engine-types.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Select } from '../../ui/field.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { TerminalView } from '../../ui/terminal.tsx';
import { openShell, useShells } from './shell-sessions.ts';

export function TerminalTab({ container }: { readonly container: ContainerInspect }) {
  const engine = useEngine();
  const session = useShells((state) => state.shells.get(container.Id));
  const [shell, setShell] = useState(session?.shell ?? 'auto');
  const running = container.State.Running && !container.State.Paused;
  const missing = session === undefined;
  useEffect(() => {
    if (running && missing) openShell(engine, container.Id, 'auto');
  }, [engine, container.Id, running, missing]);
  if (!session)
    return (
      <EmptyState
        icon={<SquareTerminal />}
        title="The container is not running"
        command={`wharf start ${container.Name.replace(/^\//, '')}`}
      >
        A shell needs a running container. Start it with the button above.
      </EmptyState>
    );
  const { state } = session;
  return (
    <>
      <div className="mb-3 flex items-center gap-3">
        <Select
          aria-label="Shell"
          value={shell}
          onChange={(e) => {
            setShell(e.target.value);
            if (running) openShell(engine, container.Id, e.target.value);
          }}
          className="w-44!"
        >
          <option value="auto">Best shell there is</option>
          <option value="/bin/sh">sh</option>
          <option value="/bin/bash">bash</option>
          <option value="/bin/ash">ash</option>
        </Select>
        <span className="flex items-center gap-2 text-ink-3" role="status">
          {state.kind === 'connecting' && (
            <>
              <Spinner /> Opening a shell
            </>
          )}
          {state.kind === 'ended' && state.message}
        </span>
        <div className="flex-1" />
        {state.kind === 'ended' && (
          <Button size="sm" disabled={!running} onClick={() => openShell(engine, container.Id, shell)}>
            New shell
          </Button>
        )}
      </div>
      <TerminalView
        key={session.terminal.terminal.element ? 'kept' : 'new'}
        session={session.terminal}
        label={`Shell in ${container.Name.replace(/^\//, '')}`}
      />
    </>
  );
}
