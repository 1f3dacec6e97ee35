import { createRandom, type DeviceId, type ServingMetrics } from "@fedge/protocol";
import { probabilityText } from "../../evaluation/compare/probability-text.js";
import type { MetricsBook } from "../../fleet/metrics-book.js";
import { cohortRate, type CohortRate } from "../gates/device-rates.js";
import { countsOf } from "../gates/metric-counts.js";
import type { Comparison } from "../ports.js";
import { versionsOf, type RolloutState } from "../rollout-state.js";
import type { ComparisonView } from "../rollout-view.js";
import { compareShadow, decidedBy, type ShadowLabelsOf } from "./shadow.js";
import { thompsonShares } from "./thompson.js";
import { UNKNOWN_RATE, compareProportions, requiredSample } from "./two-proportions.js";

/** What a bandit leaves every arm. */
const LEAST_SHARE = 0.05;
/** A bandit's shares are drawn anew so often within its horizon. */
const DRAWS_PER_HORIZON = 20;

export interface ComparisonsOptions {
  readonly book: Pick<MetricsBook, "of">;
  readonly shadowLabels: ShadowLabelsOf;
  readonly nowMs: () => number;
}

/**
 * What comparisons find. An A/B test decides at the horizon that was stated, and never before: numbers on the way are only
 * shown. A bandit's shares follow its counts; a shadow says how often both answer alike,
 * and who was right where labels tell.
 */
export class Comparisons {
  constructor(private readonly options: ComparisonsOptions) {}

  /** Null where there is nothing new to say. Rejects when the counts cannot be read. */
  async compare(state: RolloutState): Promise<Comparison | null> {
    const atMs = this.options.nowMs();
    const { kind } = state.config;
    if (kind === "release") return null;
    const found = kind === "shadow" ? await this.#shadow(state, atMs) : await this.#arms(state, atMs);
    const isSame = JSON.stringify(found.comparison) === JSON.stringify(state.comparison);
    return isSame && !found.isDecided ? null : found;
  }

  async #arms(state: RolloutState, atMs: number): Promise<Comparison> {
    const { config } = state;
    const plan = config.comparison;
    const versions = versionsOf(config);
    if (plan === undefined) return decidedNothing(state);
    const rates = await Promise.all(versions.map((version) => this.#rate(state, version, plan.metric)));
    const isOver = atMs >= (state.startedAtMs ?? atMs) + plan.horizonMs;
    const shares = config.kind === "bandit" && !isOver ? this.#redrawn(state, rates, atMs) : state.shares;
    const [control = nothing(), other = nothing()] = rates;
    const tested = compareProportions(control, other);
    const needed = requiredSample({
      ...{ rate: control.numTrials === 0 ? UNKNOWN_RATE : control.rate, effect: plan.minDetectableEffect },
      ...{ alpha: plan.alpha, power: plan.power, designEffect: control.designEffect ?? 1 },
    });
    const facts = { rates, tested, needed, isOver, shares };
    const comparison: ComparisonView = {
      metric: plan.metric,
      arms: rates.map(({ numTrials, rate }, arm) => ({
        ...{ version: versions[arm] ?? 0, sample: numTrials, value: numTrials === 0 ? null : rate },
        share: shares[arm] ?? 0,
      })),
      ...{ difference: tested?.difference ?? null, interval: tested?.interval ?? null },
      ...{ pValue: tested?.pValue ?? null, requiredSample: needed, verdict: verdictOf(state, facts) },
    };
    return { comparison, shares, isDecided: isOver };
  }

  /** Rates of what is worse, as gates count it. */
  async #rate(state: RolloutState, version: number, metric: string): Promise<CohortRate> {
    const records = await this.options.book.of(state.config.model, version);
    const metrics = [...state.targets.entries()].flatMap(([deviceId, target]) =>
      target.version === version && target.wasTold ? counted(records, deviceId, state.startedAtMs) : [],
    );
    return cohortRate(metrics.map((each) => countsOf(metric, each)));
  }

  /** One draw for each stretch of time, from a stream that the stretch names. */
  #redrawn(state: RolloutState, rates: readonly CohortRate[], atMs: number): readonly number[] {
    const { comparison, rolloutId } = state.config;
    const stretchMs = Math.max(1, (comparison?.horizonMs ?? 0) / DRAWS_PER_HORIZON);
    const stretch = Math.floor((atMs - (state.startedAtMs ?? atMs)) / stretchMs);
    const drawn = Math.floor(((state.sharesAtMs ?? 0) - (state.startedAtMs ?? atMs)) / stretchMs);
    if (stretch === 0 || stretch <= drawn || rates.some(({ numTrials }) => numTrials === 0))
      return state.shares;
    const arms = rates.map(({ numTrials, rate, designEffect }) => {
      const trials = numTrials / (designEffect ?? 1);
      return { successes: trials * (1 - rate), failures: trials * rate };
    });
    return thompsonShares(arms, createRandom(`${rolloutId}/shares/${stretch}`), LEAST_SHARE);
  }

  async #shadow(state: RolloutState, atMs: number): Promise<Comparison> {
    const { config, fallbackVersion, startedAtMs } = state;
    const served = fallbackVersion ?? 0;
    const records = await this.options.book.of(config.model, served);
    const metrics = [...state.targets.entries()].flatMap(([deviceId]) =>
      counted(records, deviceId, startedAtMs),
    );
    const since = startedAtMs ?? atMs;
    const of = { model: config.model, version: served, sinceMs: since };
    const labels = startedAtMs === null ? null : await this.options.shadowLabels(of);
    const isOver = config.comparison !== undefined && atMs >= since + config.comparison.horizonMs;
    const versions = { served, shadow: config.version };
    const found = compareShadow(versions, metrics, labels);
    const decision = isOver ? decidedBy(labels, versions, config.comparison?.alpha ?? 0) : "";
    const comparison = { ...found, verdict: `${found.verdict}${decision}` };
    return { comparison, shares: state.shares, isDecided: isOver };
  }
}

function counted(
  records: Awaited<ReturnType<MetricsBook["of"]>>,
  deviceId: DeviceId,
  startedAtMs: number | null,
): ServingMetrics[] {
  const record = records.get(deviceId);
  return record === undefined || record.receivedAtMs < (startedAtMs ?? 0) ? [] : [record.metrics];
}

function nothing(): CohortRate {
  return { numDevices: 0, numTrials: 0, rate: 0, designEffect: null };
}

function verdictOf(
  state: RolloutState,
  facts: {
    readonly rates: readonly CohortRate[];
    readonly tested: ReturnType<typeof compareProportions>;
    readonly needed: number;
    readonly isOver: boolean;
    readonly shares: readonly number[];
  },
): string {
  const { rates, tested, needed, isOver, shares } = facts;
  const versions = versionsOf(state.config);
  if (!isOver) return "undecided before its horizon";
  if (state.config.kind === "bandit") {
    const best = shares.indexOf(Math.max(...shares));
    return `version ${versions[best]} has the largest share at the horizon`;
  }
  const least = Math.min(...rates.map(({ numTrials }) => numTrials));
  const alpha = state.config.comparison?.alpha ?? 0;
  if (tested === null || least === 0) return "inconclusive: an arm has no observations";
  if (tested.pValue < alpha)
    return `version ${tested.difference < 0 ? versions[1] : versions[0]} is better, p ${probabilityText(tested.pValue)}`;
  if (least < needed) return `inconclusive: ${least} of ${needed} observations that the stated power needs`;
  return `no difference of the stated size, p ${probabilityText(tested.pValue)}`;
}

function decidedNothing(state: RolloutState): Comparison {
  const arms = versionsOf(state.config).map((version) => ({ version, sample: 0, value: null, share: 0 }));
  const empty = { difference: null, interval: null, pValue: null, requiredSample: 0 };
  const comparison = { metric: "", arms, ...empty, verdict: "inconclusive: no comparison was stated" };
  return { comparison, shares: state.shares, isDecided: true };
}
