import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Series {
  readonly label: string;
  /** A CSS colour token, '--w-accent'. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

/** A live line chart over time. `times` in seconds since the epoch; `format` draws the values of the axis. */
export function Chart({
  times,
  series,
  format,
  height = 150,
  label,
  minTop = 1,
}: {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly height?: number;
  readonly label: string;
  /** The axis reaches at least this far, so that noise near nothing does not fill the picture. */
  readonly minTop?: number;
}) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data: uPlot.AlignedData = [[...times], ...series.map((each) => [...each.values])];
  const latest = useRef(data);
  latest.current = data;
  // With the theme's class: the plot takes its colours when it is built.
  const theme = document.documentElement.className;
  const look = [theme, ...series.map((each) => `${each.label}|${each.colour}`)].join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the plot is rebuilt only when its shape changes; data goes in below
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: token('--w-ink-3'),
      grid: { stroke: token('--w-line'), width: 1 },
      ticks: { show: false },
      font: '11px "Inter Variable"',
    };
    const chart = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        cursor: { show: false },
        legend: { show: false },
        padding: [8, 8, 0, 0],
        scales: { y: { range: (_self, _min, max) => [0, Math.max(minTop, max * 1.15)] } },
        axes: [
          {
            ...axis,
            size: 24,
            space: 70,
            values: (_self, splits) => splits.map((s) => new Date(s * 1000).toLocaleTimeString([], { hour12: false })),
          },
          { ...axis, size: 62, values: (_self, splits) => splits.map(format) },
        ],
        series: [
          {},
          ...series.map((each) => ({
            label: each.label,
            stroke: token(each.colour),
            width: 1.75,
            fill: `${token(each.colour)}1c`,
            points: { show: false },
          })),
        ],
      },
      latest.current,
      element,
    );
    plot.current = chart;
    const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.destroy();
    };
  }, [look, height]);
  useEffect(() => plot.current?.setData(data));
  return <div ref={host} role="img" aria-label={label} className="w-full overflow-hidden" />;
}

/** A line without axes, for a table cell or a card. */
export function Sparkline({
  values,
  colour = 'var(--w-accent)',
  max,
}: {
  readonly values: readonly number[];
  readonly colour?: string;
  readonly max?: number;
}) {
  const top = Math.max(max ?? 0, ...values, 1e-9);
  const step = values.length > 1 ? 100 / (values.length - 1) : 100;
  const points = values
    .map((value, index) => `${(index * step).toFixed(1)},${(28 - (value / top) * 26).toFixed(1)}`)
    .join(' ');
  return (
    <svg viewBox="0 0 100 30" preserveAspectRatio="none" className="h-8 w-full" aria-hidden>
      {values.length > 1 && (
        <>
          <polygon points={`0,30 ${points} 100,30`} fill={colour} opacity="0.1" />
          <polyline
            points={points}
            fill="none"
            stroke={colour}
            strokeWidth="1.5"
            vectorEffect="non-scaling-stroke"
            strokeLinejoin="round"
          />
        </>
      )}
    </svg>
  );
}
