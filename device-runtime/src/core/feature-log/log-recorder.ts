import type { TensorValue, TensorValues } from "../ports/engine.js";
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
        log.append({
          id,
          atMs: timeOfPrediction(id),
          model,
          version,
          inputs: kept,
          outputs: sizeBytesOf(outputs) <= maxOutputBytes ? copyOf(outputs) : null,
          fields: {},
          label: null,
          labelledAtMs: null,
        });
        return id;
      };
    },
  };
}

function copyOf(values: TensorValues): TensorValues {
  const copies: Record<string, TensorValue> = {};
  for (const [name, { shape, data }] of Object.entries(values)) copies[name] = { shape, data: data.slice() };
  return copies;
}

function sizeBytesOf(values: TensorValues): number {
  return Object.values(values).reduce((sum, { data }) => sum + data.byteLength, 0);
}
