import { CircleAlert, CircleCheck } from 'lucide-react';
import { useState } from 'react';
import type { AppInfo } from '../../../contract/host-schemas.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useLiveEvents } from '../../engine/live-events.tsx';
import { useEngineInfo } from '../../engine/queries.ts';
import { useHost } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { toastError } from '../../ui/toast.ts';
import { Row, Section } from './settings-rows.tsx';

interface Check {
  readonly name: string;
  readonly good: boolean;
  readonly detail: string;
}

/** Checks that can be run again and say what they saw. */
function useChecks() {
  const engine = useEngine();
  const info = useEngineInfo().data;
  const connected = useLiveEvents((state) => state.connected);
  return async (): Promise<readonly Check[]> => {
    const attempt = async (name: string, run: () => Promise<string>): Promise<Check> => {
      try {
        return { name, good: true, detail: await run() };
      } catch (error) {
        return { name, good: false, detail: error instanceof Error ? error.message : String(error) };
      }
    };
    const checks = await Promise.all([
      attempt('The engine answers', async () => {
        const started = performance.now();
        await engine.call('SystemPing');
        return `in ${Math.round(performance.now() - started)} ms`;
      }),
      attempt('Registries answer', async () => {
        const { failures } = await engine.call('RegistrySearch', { query: { query: 'busybox', limit: 1 } });
        if (failures.length > 0)
          throw new Error(failures.map((failure) => `${failure.registry}: ${failure.message}`).join('; '));
        return 'all of them';
      }),
    ]);
    return [
      ...checks,
      { name: 'Live events', good: connected, detail: connected ? 'connected' : 'not connected' },
      ...(info?.Warnings ?? []).map((warning) => ({ name: 'The engine warns', good: false, detail: warning })),
    ];
  };
}

export function DiagnosticsSection({ info }: { readonly info: AppInfo }) {
  const host = useHost();
  const runChecks = useChecks();
  const [checks, setChecks] = useState<readonly Check[]>();
  const [busy, setBusy] = useState(false);
  const [lines, setLines] = useState<readonly string[]>();
  const run = async () => {
    setBusy(true);
    setChecks(await runChecks());
    setBusy(false);
  };
  return (
    <Section title="Diagnostics">
      <Row title="Checks" hint="What works and what does not, right now." wide>
        {checks && (
          <ul className="flex flex-col gap-1.5" aria-label="Results">
            {checks.map((check) => (
              <li key={`${check.name} ${check.detail}`} className="flex items-start gap-2">
                {check.good ? (
                  <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-label="Good" />
                ) : (
                  <CircleAlert className="mt-0.5 size-4 shrink-0 text-warn" aria-label="Needs a look" />
                )}
                <span>
                  {check.name} <span className="text-ink-3">{check.detail}</span>
                </span>
              </li>
            ))}
          </ul>
        )}
        <Button className="self-start" busy={busy} onClick={() => void run()}>
          Run the checks
        </Button>
      </Row>
      <Row title="Log of the engine" hint="The last lines it wrote.">
        <Button
          onClick={() =>
            void host.invoke('engine.logs', { lines: 400 }).then((answer) => setLines(answer.lines), toastError)
          }
        >
          Show
        </Button>
      </Row>
      <Row
        title="About"
        hint={`Wharf ${info.version} on ${info.platform}/${info.arch}, ${info.kind === 'electron' ? 'desktop app' : 'web gateway'}`}
        words="version"
      >
        <code className="font-mono text-xs text-ink-3">{info.engineEndpoint}</code>
      </Row>
      <Dialog open={lines !== undefined} onClose={() => setLines(undefined)} title="Log of the engine" width="lg">
        <pre className="max-h-[60vh] overflow-auto rounded-lg bg-(--w-term-bg) p-3 font-mono text-xs text-[#dbe5eb] select-text">
          {lines?.length ? lines.join('\n') : 'Nothing was logged by an engine this host started.'}
        </pre>
      </Dialog>
    </Section>
  );
}
