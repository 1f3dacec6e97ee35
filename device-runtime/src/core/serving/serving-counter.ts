import {
  FIRST_LATENCY_EDGE_US,
  LATENCY_BINS,
  ownValue,
  type ModelName,
  type ServingMetrics,
} from "@fedge/protocol";
import { LatencyWindow } from "./latency-window.js";

/** Which installation of which version is counted. */
export interface CountedVersion {
  readonly model: ModelName;
  readonly version: number;
  readonly releaseCounter: number;
  /** 0 for what came with the app. */
  readonly installation: number;
}

const MAX_PROXIES = 16;
const PROXY_NAME = /^[a-z0-9_.-]{1,48}$/;

/** Counts what one version does while it serves: integers only, and nothing of what it saw. */
export class ServingCounter {
  readonly #times = new LatencyWindow();
  /** What changes now and then; the two below change with every prediction. */
  #counts: ServingMetrics;
  readonly #latency: number[];
  #numPredictions: number;
  #hasChanged = false;

  constructor(
    readonly counted: CountedVersion,
    /** What a process before has counted of the same installation. */
    before: ServingMetrics | null = null,
  ) {
    this.#counts = before ?? nothingCounted(counted);
    this.#latency = [...this.#counts.latency];
    this.#numPredictions = this.#counts.numPredictions;
  }

  /** Requests to the version, with those that it could not answer. */
  get numPredictions(): number {
    return this.#numPredictions;
  }

  get numErrors(): number {
    return this.#counts.numErrors;
  }

  /** Whether anything was counted since `message` was called last. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** 95th percentile of the last predictions' time, microseconds; null for fewer than `atLeast`. */
  p95Us(atLeast: number): number | null {
    return this.#times.p95(atLeast);
  }

  /** Shortest time of the last predictions, microseconds; null for fewer than `atLeast`. */
  fastestUs(atLeast: number): number | null {
    return this.#times.fastest(atLeast);
  }

  answered(elapsedUs: number): void {
    this.#times.add(elapsedUs);
    const bin = latencyBin(elapsedUs);
    this.#latency[bin] = (this.#latency[bin] ?? 0) + 1;
    this.#numPredictions += 1;
    this.#hasChanged = true;
  }

  failed(): void {
    this.#numPredictions += 1;
    this.#change({ numErrors: this.numErrors + 1 });
  }

  /** Another version answered instead. */
  fellBack(): void {
    this.#change({ numFallbacks: this.#counts.numFallbacks + 1 });
  }

  crashed(): void {
    this.#change({ numCrashes: this.#counts.numCrashes + 1 });
  }

  /** The truth of predictions came. */
  labelled({ numLabelled, numWrong }: { readonly numLabelled: number; readonly numWrong: number }): void {
    this.#change({
      numLabelled: this.#counts.numLabelled + numLabelled,
      numWrong: this.#counts.numWrong + numWrong,
    });
  }

  /** A window of its inputs and outputs was compared with its reference. */
  windowClosed(isDrift: boolean): void {
    const { numWindows, numDriftWindows } = this.#counts;
    this.#change({ numWindows: numWindows + 1, numDriftWindows: numDriftWindows + (isDrift ? 1 : 0) });
  }

  /** Something was noted of a prediction that is true or false. Names beyond the protocol's limits are not counted. */
  noted(name: string, isTrue: boolean): void {
    const { proxies } = this.#counts;
    const before = ownValue(proxies, name);
    const hasRoom = before !== undefined || Object.keys(proxies).length < MAX_PROXIES;
    if (!hasRoom || !PROXY_NAME.test(name)) return;
    const { numTrue, numAll } = before ?? { numTrue: 0, numAll: 0 };
    const counted = { numTrue: numTrue + (isTrue ? 1 : 0), numAll: numAll + 1 };
    this.#change({ proxies: { ...proxies, [name]: counted } });
  }

  /** A shadow answered the same request, alike or not, or failed at it. */
  compared(version: number, outcome: "agreed" | "differed" | "failed"): void {
    const { shadow } = this.#counts;
    const before =
      shadow?.version === version ? shadow : { version, numCompared: 0, numAgreed: 0, numErrors: 0 };
    this.#change({
      shadow: {
        version,
        numCompared: before.numCompared + (outcome === "failed" ? 0 : 1),
        numAgreed: before.numAgreed + (outcome === "agreed" ? 1 : 0),
        numErrors: before.numErrors + (outcome === "failed" ? 1 : 0),
      },
    });
  }

  /** All counts so far, as they are sent and kept. */
  message(): ServingMetrics {
    this.#hasChanged = false;
    return { ...this.#counts, numPredictions: this.#numPredictions, latency: [...this.#latency] };
  }

  #change(changes: Partial<ServingMetrics>): void {
    this.#counts = { ...this.#counts, ...changes };
    this.#hasChanged = true;
  }
}

/** Bin `i` takes times below `FIRST_LATENCY_EDGE_US * 2^i` that no earlier bin takes; the last takes the rest. */
export function latencyBin(elapsedUs: number): number {
  let edgeUs = FIRST_LATENCY_EDGE_US;
  for (let bin = 0; bin < LATENCY_BINS - 1; bin += 1, edgeUs *= 2) if (elapsedUs < edgeUs) return bin;
  return LATENCY_BINS - 1;
}

function nothingCounted({ model, version, releaseCounter, installation }: CountedVersion): ServingMetrics {
  return {
    type: "serving-metrics",
    ...{ model, version, releaseCounter, installation },
    ...{ numPredictions: 0, numErrors: 0, numCrashes: 0, numFallbacks: 0 },
    latency: new Array<number>(LATENCY_BINS).fill(0),
    ...{ numLabelled: 0, numWrong: 0, proxies: {}, numWindows: 0, numDriftWindows: 0 },
  };
}
