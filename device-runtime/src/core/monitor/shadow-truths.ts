import { errorCodeOf } from "@fedge/protocol";
import type { OutcomePolicy } from "@fedge/protocol/profile";
import type { DeviceMemory } from "../feature-log/device-memory.js";
import type { LogRow, ShadowAnswer } from "../feature-log/log-row.js";
import { MAX_SHADOW_ROWS } from "../feature-log/shadow-answer.js";
import type { TensorValues } from "../ports/engine.js";
import type { Prediction } from "../serving/model-host.js";
import { classIn, largestOf, outputOf, rowOf, type LabelledPrediction } from "./outcome-counts.js";
import type { Comparison } from "./prediction-watch.js";
import type { WindowCounts } from "./window-counts.js";

/** The class of each row of what a shadow answered; null where the profile knows no classes, and for too many rows. */
export function shadowClasses(outcomes: OutcomePolicy, outputs: TensorValues): number[] | null {
  const output = outputOf(outcomes, outputs);
  if (outcomes.numClasses === 0 || output === undefined) return null;
  const numRows = output.shape[0] ?? 1;
  if (numRows < 1 || numRows > MAX_SHADOW_ROWS) return null;
  return Array.from({ length: numRows }, (_, row) => {
    const scores = rowOf(output, row, numRows);
    return scores.length === outcomes.numClasses ? largestOf(scores) : -1;
  });
}

const COMPARISON_CELLS = { agreed: 4, differed: 5, failed: 6 } as const;

export function countComparison({ watched, vector }: WindowCounts, outcome: Comparison["outcome"]): void {
  const cell = watched.layout.shadow.at + COMPARISON_CELLS[outcome];
  vector[cell] = (vector[cell] as number) + 1;
}

/**
 * Counts, row by row, which of both versions the truth says was right: in the window in which both are known. Later than
 * the horizon, and beyond the rows that a window may count, nothing.
 */
export function countShadowTruth(
  { watched, vector }: WindowCounts,
  { outputs, label, delayMs }: LabelledPrediction,
  { classes }: ShadowAnswer,
): void {
  const { outcomes, window } = watched.profile;
  const output = outputOf(outcomes, outputs);
  if (output === undefined || !(delayMs <= outcomes.labelHorizonMs)) return;
  const numRows = output.shape[0] ?? 1;
  if (numRows !== classes.length) return;
  const { at } = watched.layout.shadow;
  const cells = vector.subarray(at, at + 4);
  for (let row = 0; row < numRows; row += 1) {
    if (cells.reduce((sum, count) => sum + count, 0) >= window.maxRows) return;
    const scores = rowOf(output, row, numRows);
    const actual = classIn(outcomes, scores, rowOf(label, row, numRows));
    const shadowed = classes[row] as number;
    if (actual === null || shadowed < 0) continue;
    const cell = (largestOf(scores) === actual ? 0 : 2) + (shadowed === actual ? 0 : 1);
    cells[cell] = (cells[cell] as number) + 1;
  }
}

export interface ShadowMemoryParts {
  readonly memory: Pick<DeviceMemory, "amend">;
  readonly onError: (error: unknown) => void;
}

/** Keeps what shadows answered with the predictions that they were asked beside. */
export class ShadowMemory {
  constructor(private readonly parts: ShadowMemoryParts) {}

  /**
   * Keeps the answer until the truth comes. Where that was first, tells it at once, as it stands: exactly one of both finds
   * the other, because the memory changes a prediction once at a time. What was erased meanwhile stays so.
   */
  async keep(
    served: Prediction,
    shadow: ShadowAnswer,
    onTruth: (labelled: LabelledPrediction) => void,
  ): Promise<void> {
    const found: LogRow[] = [];
    try {
      await this.parts.memory.amend(served.id, (row) => {
        found.push(row);
        return row.label === null ? { ...row, shadow } : row;
      });
    } catch (error) {
      if (errorCodeOf(error) !== "PREDICTION_UNKNOWN") this.parts.onError(error);
      return;
    }
    const { label = null, labelledAtMs = null, atMs = 0 } = found.at(-1) ?? {};
    if (label === null || labelledAtMs === null) return;
    onTruth({ outputs: served.outputs, label, delayMs: labelledAtMs - atMs });
  }
}
