import { ChartLine } from 'lucide-react';
import type { ContainerInspect } from '../../../contract/engine-types.ts';
import type { StatsSample } from '../../engine/stats-arithmetic.ts';
import { useSamples, useStatsOf } from '../../engine/stats-stream.ts';
import { bytes, percent } from '../../ui/bytes.ts';
import { Chart, type Series } from '../../ui/chart.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Card } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/progress.tsx';

/** Counters to rates a second; the first sample has none. */
function rates(samples: readonly StatsSample[], of: (sample: StatsSample) => number): readonly (number | null)[] {
  return samples.map((sample, index) => {
    const before = samples[index - 1];
    if (!before || sample.at <= before.at) return null;
    return Math.max(0, (of(sample) - of(before)) / (sample.at - before.at));
  });
}

function Panel({
  title,
  value,
  samples,
  series,
  format,
  minTop,
}: {
  readonly title: string;
  readonly value: string;
  readonly samples: readonly StatsSample[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly minTop: number;
}) {
  return (
    <Card title={title} actions={<span className="tabular text-ink-2">{value}</span>}>
      {samples.length < 2 ? (
        <Skeleton className="h-37.5 w-full" />
      ) : (
        <Chart
          label={`${title} over time`}
          times={samples.map((sample) => sample.at)}
          series={series}
          format={format}
          minTop={minTop}
        />
      )}
    </Card>
  );
}

export function StatsTab({ container }: { readonly container: ContainerInspect }) {
  const running = container.State.Running;
  useStatsOf(running ? [container.Id] : []);
  const samples = useSamples(container.Id);
  if (!running)
    return (
      <EmptyState icon={<ChartLine />} title="Nothing to measure">
        The container is not running. Its numbers come back when it starts.
      </EmptyState>
    );
  const last = samples.at(-1);
  const perSecond = (value: number) => `${bytes(value)}/s`;
  const rx = rates(samples, (sample) => sample.rxBytes);
  const tx = rates(samples, (sample) => sample.txBytes);
  const read = rates(samples, (sample) => sample.readBytes);
  const write = rates(samples, (sample) => sample.writeBytes);
  return (
    <div className="grid min-h-0 flex-1 auto-rows-min grid-cols-1 gap-4 overflow-y-auto lg:grid-cols-2">
      <Panel
        title="CPU"
        minTop={0.02}
        value={percent(last?.cpuRatio)}
        samples={samples}
        format={(value) => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`}
        series={[{ label: 'CPU', colour: '--w-accent', values: samples.map((sample) => sample.cpuRatio) }]}
      />
      <Panel
        title="Memory"
        minTop={1_000_000}
        value={last ? `${bytes(last.memoryBytes)} of ${bytes(last.memoryLimitBytes)}` : '–'}
        samples={samples}
        format={bytes}
        series={[{ label: 'Memory', colour: '--w-good', values: samples.map((sample) => sample.memoryBytes) }]}
      />
      <Panel
        title="Network"
        minTop={1000}
        value={`in ${perSecond(rx.at(-1) ?? 0)} · out ${perSecond(tx.at(-1) ?? 0)}`}
        samples={samples}
        format={perSecond}
        series={[
          { label: 'In', colour: '--w-accent', values: rx },
          { label: 'Out', colour: '--w-warn', values: tx },
        ]}
      />
      <Panel
        title="Disk"
        minTop={1000}
        value={`read ${perSecond(read.at(-1) ?? 0)} · write ${perSecond(write.at(-1) ?? 0)}`}
        samples={samples}
        format={perSecond}
        series={[
          { label: 'Read', colour: '--w-accent', values: read },
          { label: 'Write', colour: '--w-warn', values: write },
        ]}
      />
    </div>
  );
}
