import { createRandom, type ModelName } from "@fedge/protocol";
import { seededNormal } from "@fedge/protocol/drift";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import type { WindowJudgement } from "../../device-runtime/src/core/monitor/drift-judgement.js";
import { VersionMonitor } from "../../device-runtime/src/core/monitor/version-monitor.js";
import { latencyBin } from "../../device-runtime/src/core/serving/serving-counter.js";
import { createMemoryByteStore } from "../../device-runtime/src/memory/memory-stores.js";
import { ManualClock } from "../../device-runtime/src/testing/manual-clock.js";
import { buildProfile } from "../../aggregator/src/drift/profiles/build-profile.js";
import type { FeatureDraft } from "../../aggregator/src/drift/profiles/feature-drafts.js";

/** Makes one row of a model's only input, from independent standard normals. */
export type RowOf = (normal: () => number) => readonly number[];

export const MODEL = "shop" as ModelName;
const WINDOW_MS = 60_000;

function normalOf(seed: string): () => number {
  const random = createRandom(seed);
  return () => seededNormal(random);
}

/** Rows that a model was made with, as `fedge profile build` summarises them. */
export async function profileOf(
  drafts: readonly FeatureDraft[],
  rowOf: RowOf,
  numRows: number,
): Promise<ReferenceProfile> {
  const rows = rowsOf(rowOf, normalOf("training"), numRows);
  const { profile } = await buildProfile({
    ...{ model: MODEL, shape: null, drafts, predict: null, origin: "a test", seed: "joint" },
    data: async function* batches() {
      yield await Promise.resolve({ numRows, inputs: { x: rows }, label: null, fields: [] });
    },
    window: { lengthMs: WINDOW_MS, numKept: 5, maxRows: 200, minRows: 100 },
  });
  return profile;
}

/** What a device's monitor says of windows of rows, one after the other. */
export class WatchedWindows {
  readonly judgements: WindowJudgement[] = [];
  readonly #clock = new ManualClock(1_700_000_000_000 - (1_700_000_000_000 % WINDOW_MS));
  readonly #monitor: VersionMonitor;
  readonly #normal: () => number;

  constructor(profile: ReferenceProfile, seed: string) {
    this.#normal = normalOf(`${seed}/rows`);
    const onError = (error: unknown): void => {
      throw error;
    };
    this.#monitor = new VersionMonitor({
      ...{ model: MODEL, version: 1, profile, latencyBin, onError },
      onShadow: () => undefined,
      ports: { store: createMemoryByteStore(), clock: this.#clock, random: createRandom(seed) },
      sender: { keep: () => [], kept: () => undefined },
      onJudged: (judgement) => this.judgements.push(judgement),
    });
  }

  /** So many rows, in predictions of ten each, and the window's end. */
  async window(rowOf: RowOf, numRows: number): Promise<WindowJudgement> {
    for (let row = 0; row < numRows; row += 10) {
      const watched = this.#monitor.begin(1, { x: rowsOf(rowOf, this.#normal, 10) });
      watched?.answered({}, 100, String(row));
    }
    this.#clock.advance(WINDOW_MS);
    await new Promise<void>((resolve) => setImmediate(resolve));
    return this.judgements.at(-1) as WindowJudgement;
  }
}

function rowsOf(
  rowOf: RowOf,
  normal: () => number,
  numRows: number,
): { readonly shape: readonly number[]; readonly data: Float64Array } {
  const rows = Array.from({ length: numRows }, () => rowOf(normal));
  return { shape: [numRows, rows[0]?.length ?? 0], data: Float64Array.from(rows.flat()) };
}
