/**
 * Counters of the engine in Prometheus' text format (exposition format 0.0.4), under dockerd's names where it has them.
 *
 * Values that somebody else knows (containers by state, listeners of events) are asked for when the page is read.
 */

/** Seconds, as the client libraries' and dockerd's timers have them. */
const bucketBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number): void;
}

export interface Timer {
  /** Measures `work`, whether it fails or not, under this label. */
  measure<T>(label: string, work: () => Promise<T>): Promise<T>;
  /** Makes the label's series exist with zeros. */
  announce(label: string): void;
}

export interface MetricSample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Metrics {
  counter(name: string, help: string): Counter;
  /** One histogram for each value of `labelName`. */
  timer(name: string, help: string, labelName: string): Timer;
  /** Asked at each reading. */
  sampled(name: string, help: string, kind: 'gauge' | 'counter', read: () => readonly MetricSample[]): void;
  /** The page. */
  text(): string;
}

export function createMetrics(): Metrics {
  const families: (() => string)[] = [];
  const sampled: Metrics['sampled'] = (name, help, kind, read) => {
    families.push(() =>
      [head(name, help, kind), ...read().map(({ labels, value }) => line(name, labels ?? {}, value))].join('\n'),
    );
  };
  return {
    sampled,
    counter(name, help) {
      let total = 0;
      sampled(name, help, 'counter', () => [{ value: total }]);
      return {
        add(amount = 1) {
          total += amount;
        },
      };
    },
    timer(name, help, labelName) {
      const series = new Map<string, Histogram>();
      families.push(() => {
        const lines = [...series]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .flatMap(([label, data]) => histogramLines(name, { [labelName]: label }, data));
        return [head(name, help, 'histogram'), ...lines].join('\n');
      });
      return timerOver(series);
    },
    text: () => `${families.map((family) => family()).join('\n')}\n`,
  };
}

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

function timerOver(series: Map<string, Histogram>): Timer {
  const of = (label: string) => {
    const known = series.get(label) ?? { counts: bucketBounds.map(() => 0), sum: 0, count: 0 };
    series.set(label, known);
    return known;
  };
  return {
    announce: (label) => void of(label),
    async measure(label, work) {
      const startedMs = performance.now();
      try {
        return await work();
      } finally {
        const seconds = (performance.now() - startedMs) / 1000;
        const data = of(label);
        const bucket = bucketBounds.findIndex((bound) => seconds <= bound);
        if (bucket >= 0) data.counts[bucket] = (data.counts[bucket] ?? 0) + 1;
        data.sum += seconds;
        data.count += 1;
      }
    },
  };
}

function head(name: string, help: string, kind: string): string {
  return `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${kind}`;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

/** Buckets are cumulative: each counts everything up to its bound. */
function histogramLines(name: string, labels: Labels, data: Histogram): readonly string[] {
  let sum = 0;
  const buckets = bucketBounds.map((bound, index) => {
    sum += data.counts[index] ?? 0;
    return line(`${name}_bucket`, { ...labels, le: String(bound) }, sum);
  });
  return [
    ...buckets,
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, data.count),
    line(`${name}_sum`, labels, data.sum),
    line(`${name}_count`, labels, data.count),
  ];
}
