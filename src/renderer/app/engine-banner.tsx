import { Wrench } from 'lucide-react';
import { useLiveEvents } from '../engine/live-events.tsx';
import { useEngineStatus, useHost } from '../host/host-context.tsx';
import { Button } from '../ui/button.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { toastError } from '../ui/toast.ts';

/** Shown on every page while the engine is away: why, and what to do. The API that answers always wins over the phase. */
export function EngineBanner() {
  const status = useEngineStatus();
  const connected = useLiveEvents((state) => state.connected);
  const host = useHost();
  if (connected || status === undefined || status.kind === 'ready') return null;
  const failed = status.kind === 'failed' || status.kind === 'stopped';
  return (
    <div
      role="status"
      className={`flex items-center gap-3 border-b px-7 py-2 ${failed ? 'border-bad/25 bg-bad-soft text-bad' : 'border-warn/25 bg-warn-soft text-warn'}`}
    >
      {!failed && <Spinner />}
      <span className="min-w-0 flex-1 truncate font-medium">
        {status.kind === 'failed'
          ? `The engine is not running: ${status.message}`
          : status.kind === 'stopped'
            ? 'The engine is stopped.'
            : 'The engine is starting.'}
      </span>
      {failed && (
        <Button
          size="sm"
          icon={<Wrench className="size-3.5" />}
          onClick={() => void host.invoke('engine.repair', null).catch(toastError)}
        >
          Repair
        </Button>
      )}
    </div>
  );
}
