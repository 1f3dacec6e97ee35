import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { METRICS, type MetricName } from "./metric-table.js";

type Labels = Readonly<Record<string, string>>;

/** Counts, values and durations that parts of the aggregator report under the names of `METRICS`. */
export interface Counters {
  /** Adds `by` (1) to a counter. */
  count(name: string, labels?: Labels, by?: number): void;
  /** Adds one observation to a histogram, in the metric's unit. */
  observe(name: string, value: number, labels?: Labels): void;
}

export interface Gauges {
  /** Sets a gauge. */
  gauge(name: string, value: number, labels?: Labels): void;
  /** Forgets every value of a gauge, before values whose labels may have gone are set anew. */
  resetGauge(name: string): void;
}

export interface Metrics extends Counters, Gauges {
  /** Brings a counter without labels to what somebody else has counted since the start of this process. */
  total(name: string, value: number): void;
  readonly contentType: string;
  /** Prometheus text exposition format 0.0.4. */
  render(): Promise<string>;
}

interface MetricsOptions {
  /** Told when a metric is reported that the table does not have, or with other labels; it is dropped. */
  readonly onFault: (name: string, error: unknown) => void;
  /** Memory, event loop and processor of this process. */
  readonly withProcessMetrics: boolean;
}

/**
 * A registry of its own, so that two aggregators in one process do not share counts.
 *
 * Reporting never throws: a wrong metric must not end a round.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.withProcessMetrics) collectDefaultMetrics({ register: registry });
  const { counters, gauges, histograms } = createInstruments(registry);
  const attempt = (name: string, report: () => void): void => {
    try {
      report();
    } catch (error) {
      options.onFault(name, error);
    }
  };
  return {
    count: (name, labels = {}, by = 1) => attempt(name, () => known(counters, name).inc({ ...labels }, by)),
    observe: (name, value, labels = {}) =>
      attempt(name, () => known(histograms, name).observe({ ...labels }, value)),
    total: (name, value) =>
      attempt(name, () => {
        const counter = known(counters, name);
        counter.reset();
        counter.inc(value);
      }),
    gauge: (name, value, labels = {}) => attempt(name, () => known(gauges, name).set({ ...labels }, value)),
    resetGauge: (name) => attempt(name, () => known(gauges, name).reset()),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}

function createInstruments(registry: Registry) {
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const definition = METRICS[name];
    const shape = { name, help: definition.help, labelNames: [...definition.labels], registers: [registry] };
    if (definition.kind === "counter") counters.set(name, new Counter(shape));
    if (definition.kind === "gauge") gauges.set(name, new Gauge(shape));
    if (definition.kind === "histogram") {
      histograms.set(name, new Histogram({ ...shape, buckets: [...definition.buckets] }));
    }
  }
  return { counters, gauges, histograms };
}

function known<T>(instruments: ReadonlyMap<string, T>, name: string): T {
  const instrument = instruments.get(name);
  if (instrument === undefined) throw new RangeError(`no metric ${name} of this kind in the table`);
  return instrument;
}
