import type { TensorValues } from "../ports/engine.js";
import type { PredictionRecorder } from "../serving/model-host.js";
import type { FeatureLog } from "./feature-log.js";
import type { PredictionIds } from "./prediction-ids.js";
import { TensorCopies } from "./tensor-copies.js";

/** What remembers predictions: the log, or for a device without one its memory. */
export type PredictionMemory = Pick<FeatureLog, "append" | "writeIfEnough" | "change" | "amend">;

/** Names predictions, and gives them to what remembers them, if anything does. */
export function createLogRecorder(
  ids: PredictionIds,
  memory: () => PredictionMemory | null,
  maxOutputBytes: number,
): PredictionRecorder {
  const copies = new TensorCopies();
  return {
    begin: (model, version, inputs) => {
      const log = memory();
      if (log === null) return () => ids.next();
      // The app may use its arrays again as soon as it has called.
      const kept = copies.copyOf(inputs);
      log.writeIfEnough();
      return (outputs) => {
        const id = ids.next();
        log.append({
          id,
          atMs: ids.lastMs,
          model,
          version,
          inputs: kept,
          outputs: sizeBytesOf(outputs) <= maxOutputBytes ? copies.copyOf(outputs) : null,
          fields: {},
          label: null,
          labelledAtMs: null,
          explanation: null,
        });
        return id;
      };
    },
  };
}

function sizeBytesOf(values: TensorValues): number {
  return Object.values(values).reduce((sum, { data }) => sum + data.byteLength, 0);
}
