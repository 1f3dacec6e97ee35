import type { TensorValues } from "../ports/engine.js";
import type { PredictionRecorder } from "../serving/model-host.js";
import type { FeatureLog } from "./feature-log.js";
import { timeOfPrediction, type PredictionIds } from "./prediction-ids.js";

/** Names predictions, and appends them to the log; a device without one only names them. */
export function createLogRecorder(
  ids: PredictionIds,
  log: FeatureLog | null,
  maxOutputBytes: number,
): PredictionRecorder {
  return {
    begin: (model, version, inputs) => {
      if (log === null) return () => ids.next();
      // The app may use its arrays again as soon as it has called.
      const kept = copyOf(inputs);
      return (outputs) => {
        const id = ids.next();
        const row = { id, atMs: timeOfPrediction(id), model, version, inputs: kept };
        const fits = sizeBytesOf(outputs) <= maxOutputBytes;
        const rest = { fields: {}, label: null, labelledAtMs: null };
        log.append({ ...row, outputs: fits ? copyOf(outputs) : null, ...rest });
        return id;
      };
    },
  };
}

function copyOf(values: TensorValues): TensorValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
}

function sizeBytesOf(values: TensorValues): number {
  return Object.values(values).reduce((sum, { data }) => sum + data.byteLength, 0);
}
