import { Circle, CircleAlert, CircleCheck, Wrench } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLiveEvents } from '../../engine/live-events.tsx';
import { useEngineStatus, useHost } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/page.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { toastError } from '../../ui/toast.ts';

const steps = [
  ['checking', 'Looking for a running engine'],
  ['starting-daemon', 'Starting the engine'],
  ['waiting-for-api', 'Waiting for its API'],
] as const;

function Step({ mark, text, muted }: { readonly mark: ReactNode; readonly text: string; readonly muted: boolean }) {
  return (
    <li className={`flex items-center gap-2 ${muted ? 'text-ink-3' : 'text-ink'}`}>
      {mark}
      {text}
    </li>
  );
}

/** The phases of a start while it lasts, and what went wrong when it failed. Shows nothing while all is well. */
export function EngineHealth() {
  const status = useEngineStatus();
  const connected = useLiveEvents((state) => state.connected);
  const host = useHost();
  if (!status || connected || status.kind === 'ready') return null;
  const current = status.kind === 'failed' ? status.phase : status.kind;
  const reached = steps.findIndex(([kind]) => kind === current);
  return (
    <Card
      title={
        status.kind === 'failed'
          ? 'The engine could not be started'
          : status.kind === 'stopped'
            ? 'The engine is stopped'
            : 'The engine is starting'
      }
    >
      <ol className="flex flex-col gap-1.5" aria-label="Start of the engine">
        {steps.map(([kind, text], index) => {
          const here = index === reached;
          const mark =
            index < reached ? (
              <CircleCheck className="size-4 text-good" />
            ) : here && status.kind === 'failed' ? (
              <CircleAlert className="size-4 text-bad" />
            ) : here ? (
              <Spinner className="text-accent" />
            ) : (
              <Circle className="size-4" />
            );
          return <Step key={kind} mark={mark} text={text} muted={index > reached} />;
        })}
      </ol>
      {status.kind === 'failed' && (
        <div className="mt-3 flex flex-col gap-3">
          <p className="font-medium text-bad">{status.message}</p>
          {status.hint && <p className="text-ink-2">{status.hint}</p>}
          {status.logTail.length > 0 && (
            <pre className="max-h-48 overflow-auto rounded-lg bg-(--w-term-bg) p-3 font-mono text-xs text-[#dbe5eb]">
              {status.logTail.join('\n')}
            </pre>
          )}
        </div>
      )}
      {(status.kind === 'failed' || status.kind === 'stopped') && (
        <Button
          look="primary"
          className="mt-3"
          icon={<Wrench className="size-4" />}
          onClick={() => void host.invoke('engine.repair', null).catch(toastError)}
        >
          Repair and start
        </Button>
      )}
    </Card>
  );
}
