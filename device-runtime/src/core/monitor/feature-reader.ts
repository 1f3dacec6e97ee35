import type { FeatureRows } from "@fedge/protocol/profile";
import { NumericBlock } from "./numeric-block.js";
import type { RowBatch } from "./row-batch.js";
import type { WatchedFeature } from "./watched-feature.js";

/** Reads the features at these places for every row of a prediction: single numbers of a tensor together, others one by one. */
export class FeatureReader {
  readonly #blocks: readonly NumericBlock[];
  readonly #others: Uint8Array;

  constructor(
    private readonly features: readonly WatchedFeature[],
    places: Uint8Array,
  ) {
    const grouped = new Map<string, number[]>();
    const others: number[] = [];
    for (const place of places) {
      const group = tensorOf(features[place] as WatchedFeature);
      if (group === null) others.push(place);
      else grouped.set(group, [...(grouped.get(group) ?? []), place]);
    }
    this.#others = Uint8Array.from(others);
    this.#blocks = [...grouped.values()].map((group) => blockOf(features, group));
  }

  read(batch: RowBatch, rows: FeatureRows): void {
    for (let row = 0; row < batch.numRows; row += 1) {
      for (const block of this.#blocks) block.read(batch, rows, row, row);
      for (const place of this.#others)
        batch.note(row, place, this.features[place] as WatchedFeature, rows, row);
    }
  }
}

/** Which tensor it is a number of; null where it is not one. */
function tensorOf({ feature }: WatchedFeature): string | null {
  const { kind, source } = feature;
  return kind === "numeric" && source.take === "value" && source.of !== "label"
    ? JSON.stringify([source.of, source.name])
    : null;
}

function blockOf(features: readonly WatchedFeature[], places: readonly number[]): NumericBlock {
  const source = features[places[0] as number]?.feature.source;
  if (source?.take !== "value" || source.of === "label") throw new RangeError("no tensor of a prediction");
  return new NumericBlock(source.of, source.name, features, places);
}
