import { InvalidArgumentError } from "commander";
import {
  INCONCLUSIVE_POLICIES,
  ROLLOUT_METRICS,
  TIMED_STEPS,
  type MetricGate,
  type RolloutConfig,
  type Wave,
} from "../../rollouts/rollout-config.js";
import { decimal, duration, wholeNumber } from "../flag-values.js";

/** Makes a flag one that can be given more than once; what it was by default is forgotten. */
export function repeated<T>(
  read: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), read(text)];
}

export interface VersionName {
  readonly model: string;
  readonly version: number;
}

/** Reads `digits@7`. */
export function versionName(text: string): VersionName {
  const match = /^([^@]+)@(\d{1,15})$/.exec(text);
  const version = Number(match?.[2]);
  if (match?.[1] === undefined || version < 1) {
    throw new InvalidArgumentError("It takes a model and a version, such as digits@7.");
  }
  return { model: match[1], version };
}

/** Reads `NAME:PERCENT:SOAK`, then `:manual`, then `:abort`, `:pause` or `:accept-estimate`, then `@FILTER`, such as `pilots:5:4h:manual@region == eu`. */
export function waveValue(text: string): Wave {
  const [, name, percent, soak, manual, doubt, filter] = WAVE.exec(text) ?? [];
  if (name === undefined || percent === undefined || soak === undefined || Number(percent) > 100) {
    throw new InvalidArgumentError(
      "It takes NAME:PERCENT:SOAK, such as first:5:4h, with :manual where a person promotes it, :pause, :abort or :accept-estimate for what becomes of it when its gates stay undecided, and @FILTER where only some devices may be in it.",
    );
  }
  const onInconclusive = INCONCLUSIVE_POLICIES.find((policy) => policy === doubt);
  return {
    name: name.trim(),
    percent: Number(percent),
    soakMs: duration(soak),
    ...(manual === undefined ? {} : { isManual: true }),
    ...(onInconclusive === undefined ? {} : { onInconclusive }),
    ...(filter === undefined ? {} : { filter: filter.trim() }),
  };
}

const WAVE = /^([^:@]+):(\d+(?:\.\d+)?)%?:([^:@]+)(:manual)?(?::(pause|abort|accept-estimate))?(?:@(.+))?$/;

const MIN_SAMPLE = 500;
const ALPHA = 0.01;
const METRICS: ReadonlySet<string> = new Set(ROLLOUT_METRICS);

/** Reads `METRIC:+TOLERANCE`, then `:SAMPLE` and `:ALPHA`, then `@SEGMENT`, such as `error-rate:+0.01:500:0.01@region == eu`. */
export function gateValue(text: string): MetricGate {
  const match = /^(proxy:[^:@]+|[^:@]+):\+?(\d+(?:\.\d+)?)(%?)(?::(\d{1,9}))?(?::(0?\.\d+))?(?:@(.+))?$/.exec(
    text,
  );
  const [, metric, tolerance, percent, minSample, alpha, segment] = match ?? [];
  if (metric === undefined || tolerance === undefined) {
    throw new InvalidArgumentError(
      "It takes METRIC:+TOLERANCE, such as error-rate:+0.01 or latency-p95:+20%, then the smallest sample and alpha as in error-rate:+0.01:500:0.01, and @FILTER for a segment.",
    );
  }
  if (!metric.startsWith("proxy:") && !METRICS.has(metric)) {
    throw new InvalidArgumentError(
      `There is no metric ${metric}; take ${[...METRICS].join(", ")}, or proxy:NAME of something that apps log.`,
    );
  }
  return {
    metric,
    tolerance: percent === "%" ? { relative: Number(tolerance) / 100 } : { absolute: Number(tolerance) },
    minSample: minSample === undefined ? MIN_SAMPLE : Number(minSample),
    alpha: alpha === undefined ? ALPHA : Number(alpha),
    ...(segment === undefined ? {} : { segment: segment.trim() }),
  };
}

/** Reads `none`, `BASE` or `BASE:FACTOR:GROW_AT:MOST`, devices per minute, such as `50:2:1000:400`. */
export function rateValue(text: string): RolloutConfig["rate"] {
  if (text === "none") return null;
  const match = /^(\d{1,7})(?::(\d+(?:\.\d+)?):(\d{1,7}):(\d{1,7}))?$/.exec(text);
  const [, base, factor, growAt, most] = match ?? [];
  if (base === undefined) {
    throw new InvalidArgumentError(
      "It takes none, devices per minute such as 50, or BASE:FACTOR:GROW_AT:MOST such as 50:2:1000:400.",
    );
  }
  return {
    basePerMinute: Number(base),
    factor: Number(factor ?? 1),
    growAt: Number(growAt ?? 1_000_000),
    maxPerMinute: Number(most ?? base),
  };
}

/** Reads a time with its zone, `2026-12-01T22:00Z`, as UTC epoch milliseconds. */
export function startTime(text: string): number {
  const hasZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const atMs = hasZone ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(atMs)) return atMs;
  throw new InvalidArgumentError("It takes a time with its zone, such as 2026-12-01T22:00Z.");
}

/** Reads `none`, or a time with its zone. */
export function endTime(text: string): number | null {
  return text === "none" ? null : startTime(text);
}

/** Reads `ERRORS:REPORTS`, such as `0.2:10`: the share of failures that ends a rollout, once so many have reported. */
export function abortValue(text: string): NonNullable<RolloutConfig["gates"]["install"]["abort"]> {
  const [errors = "", reports, ...rest] = text.split(":");
  if (reports === undefined || rest.length > 0) {
    throw new InvalidArgumentError("It takes a share of failures and a number of reports, such as 0.2:10.");
  }
  return {
    atErrors: decimal({ above: 0, most: 1 })(errors),
    minReports: wholeNumber({ least: 1, most: 1_000_000 })(reports),
  };
}

type StepTimeouts = NonNullable<RolloutConfig["stepTimeoutsMs"]>;

/** Reads `STATE=DURATION` with commas between, such as `downloading=2h,verifying=10m`; later ones count. */
export function stepTimeoutsValue(text: string, before: StepTimeouts | undefined): StepTimeouts {
  const read = text.split(",").map((part): StepTimeouts => {
    const [name = "", time, ...rest] = part.split("=").map((word) => word.trim());
    const step = TIMED_STEPS.find((one) => one === name);
    if (step === undefined || time === undefined || rest.length > 0) {
      const names = TIMED_STEPS.join(", ");
      throw new InvalidArgumentError(
        `It takes STATE=DURATION such as downloading=2h,verifying=10m; the states are ${names}.`,
      );
    }
    return { [step]: duration(time) };
  });
  return Object.assign({}, before, ...read) as StepTimeouts;
}

/** Reads versions in order, `6,7`; the first is the control. */
export function armsValue(text: string): number[] {
  const arms = text.split(",").map((part) => (/^\s*\d{1,15}\s*$/.test(part) ? Number(part) : 0));
  if (arms.length >= 2 && arms.every((version) => version >= 1)) return arms;
  throw new InvalidArgumentError("It takes two or more versions, the control first, such as 6,7.");
}
