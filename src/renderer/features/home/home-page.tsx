import { Link } from '@tanstack/react-router';
import { ArrowDownToLine, Compass, Container, Play } from 'lucide-react';
import { nameOf, shownContainers, shownStatus } from '../../engine/container-view.ts';
import { intend } from '../../engine/intents.ts';
import { useContainers, useDiskUsage, useEngineInfo, useEngineVersion, useImages } from '../../engine/queries.ts';
import { useStatsOf, useStatsStore } from '../../engine/stats-stream.ts';
import { useSettings } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { bytes, percent } from '../../ui/bytes.ts';
import { Sparkline } from '../../ui/chart.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Card, Facts, Page } from '../../ui/page.tsx';
import { Progress } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Status } from '../../ui/status.tsx';
import { EngineHealth } from './engine-health.tsx';
import { RecentEvents } from './recent-events.tsx';

function Gauge({
  title,
  value,
  note,
  values,
  max,
  share,
}: {
  readonly title: string;
  readonly value: string;
  readonly note: string;
  readonly values?: readonly number[];
  readonly max?: number;
  /** Instead of values over time: how much of the whole, 0 to 1, and what that is. */
  readonly share?: { readonly of: string; readonly ratio: number };
}) {
  return (
    <Card className="flex-1">
      <div className="text-xs text-ink-3">{title}</div>
      <div className="tabular mt-0.5 text-lg font-semibold tracking-tight">{value}</div>
      <div className="mt-1 flex h-8 items-center">
        {values && values.length > 1 ? <Sparkline values={values} max={max} /> : null}
        {share && <Progress value={share.ratio} label={share.of} />}
      </div>
      <div className="mt-1 truncate text-xs text-ink-3">{note}</div>
    </Card>
  );
}

function Gauges({
  runningIds,
  containers,
  images,
}: {
  readonly runningIds: readonly string[];
  readonly containers: number;
  readonly images: number | undefined;
}) {
  useStatsOf(runningIds);
  const samples = useStatsStore((state) => state.samples);
  const info = useEngineInfo().data;
  const usage = useDiskUsage().data;
  const lists = runningIds.flatMap((id) => {
    const list = samples.get(id);
    return list ? [list.slice(-60)] : [];
  });
  const length = Math.max(0, ...lists.map((list) => list.length));
  const sumAt = (of: 'cpuRatio' | 'memoryBytes') =>
    Array.from({ length }, (_, index) =>
      lists.reduce((sum, list) => sum + (list[list.length - length + index]?.[of] ?? 0), 0),
    );
  const [cpu, memory] = [sumAt('cpuRatio'), sumAt('memoryBytes')];
  const volumes = (usage?.Volumes ?? []).reduce((sum, volume) => sum + Math.max(0, volume.UsageData?.Size ?? 0), 0);
  const disk = (usage?.LayersSize ?? 0) + volumes;
  return (
    <div className="grid grid-cols-2 gap-4 xl:grid-cols-4">
      <Gauge
        title="CPU of containers"
        value={percent(cpu.at(-1) ?? 0)}
        values={cpu}
        max={0.05}
        note={info ? `${info.NCPU} cores` : ''}
      />
      <Gauge
        title="Memory of containers"
        value={bytes(memory.at(-1) ?? 0)}
        values={memory}
        note={info ? `of ${bytes(info.MemTotal)}` : ''}
      />
      <Gauge
        title="Disk"
        value={usage ? bytes(disk) : '–'}
        share={{ of: 'Share of images', ratio: disk > 0 ? (usage?.LayersSize ?? 0) / disk : 0 }}
        note={usage ? `images ${bytes(usage.LayersSize ?? 0)} · volumes ${bytes(volumes)}` : ''}
      />
      <Gauge
        title="Containers"
        value={`${runningIds.length} running`}
        share={{ of: 'Share of containers that run', ratio: containers > 0 ? runningIds.length / containers : 0 }}
        note={images === undefined ? '' : `${containers} in all · ${images} ${images === 1 ? 'image' : 'images'}`}
      />
    </div>
  );
}

function FirstSteps() {
  return (
    <Card title="First steps" className="bg-linear-to-br from-accent-soft/70 to-surface">
      <p className="mb-3 text-ink-2">
        Run your first container. The engine looks for the image here, asks the registry for it when it has none, and
        starts it.
      </p>
      <div className="flex flex-wrap items-center gap-3">
        <Button
          look="primary"
          icon={<Play className="size-4" />}
          onClick={() => intend({ kind: 'run', image: 'hello-wharf' })}
        >
          Run hello-wharf
        </Button>
        <span className="text-ink-3">or in a shell</span>
        <span className="flex items-center gap-1 rounded-lg bg-sunken py-1 pr-1 pl-3 font-mono text-xs">
          wharf run hello-wharf
          <CopyButton text="wharf run hello-wharf" label="Copy the command" />
        </span>
      </div>
    </Card>
  );
}

export function HomePage() {
  const showExtensions = useSettings().data?.showExtensionContainers;
  const containers = shownContainers(useContainers().data ?? [], showExtensions);
  const images = useImages().data;
  const info = useEngineInfo().data;
  const version = useEngineVersion().data;
  const running = containers.filter((container) => container.State === 'running');
  return (
    <Page
      title="Home"
      lead="The engine at a glance."
      actions={
        <>
          <Link
            to="/registry"
            className="inline-flex h-8.5 items-center gap-1.5 rounded-lg border border-line-strong bg-raised px-3.5 font-medium hover:bg-hover"
          >
            <Compass className="size-4" /> Browse the registry
          </Link>
          <Button icon={<ArrowDownToLine className="size-4" />} onClick={() => intend({ kind: 'pull', reference: '' })}>
            Pull an image
          </Button>
          <Button look="primary" icon={<Play className="size-4" />} onClick={() => intend({ kind: 'run', image: '' })}>
            Run a container
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <EngineHealth />
        {images !== undefined && containers.length === 0 && <FirstSteps />}
        <Gauges
          runningIds={running.map((container) => container.Id)}
          containers={containers.length}
          images={images?.length}
        />
        <div className="grid grid-cols-1 gap-4 xl:grid-cols-[3fr_2fr]">
          <Card
            title="Running containers"
            actions={
              <Link to="/containers" className="text-xs font-medium text-accent hover:underline">
                All containers
              </Link>
            }
          >
            {running.length === 0 ? (
              <p className="flex items-center gap-2 py-4 text-ink-3">
                <Container className="size-4" aria-hidden /> Nothing runs right now.
              </p>
            ) : (
              <ul>
                {running.slice(0, 8).map((container) => (
                  <li key={container.Id} className="flex items-center gap-3 border-b border-line py-2 last:border-0">
                    <Link
                      to="/containers/$id"
                      params={{ id: container.Id }}
                      className="min-w-0 flex-1 truncate rounded font-medium hover:text-accent"
                    >
                      {nameOf(container)}
                    </Link>
                    <span className="w-40 truncate text-ink-3">{container.Image}</span>
                    <Status kind={shownStatus(container)} />
                    <span className="w-28 text-right text-xs">
                      <RelativeTime atMs={container.Created * 1000} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </Card>
          <RecentEvents />
        </div>
        {info && version && (
          <Card title="Engine">
            <div className="grid gap-x-10 md:grid-cols-2">
              <Facts
                facts={[
                  ['Version', version.Version],
                  ['API', `${version.ApiVersion} (from ${version.MinAPIVersion})`],
                  ['Runtime', info.DefaultRuntime],
                ]}
              />
              <Facts
                facts={[
                  ['Storage', info.Driver],
                  ['Cgroups', `v${info.CgroupVersion}`],
                  ['Kernel', info.KernelVersion],
                ]}
              />
            </div>
          </Card>
        )}
      </div>
    </Page>
  );
}
