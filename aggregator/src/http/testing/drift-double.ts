import { FedgeError, type ModelName, type TaskId } from "@fedge/protocol";
import type { AlertRecord } from "../../drift/alerts/alert-record.js";
import { stepAlert } from "../../drift/alerts/alert-machine.js";
import type { AlertAct, AlertEvent } from "../../drift/alerts/alert-machine.js";
import type { Decision } from "../../drift/alerts/alerts.js";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import type { DriftService } from "../../drift/drift-service.js";
import type { FeatureDetail, HeatMap, ModelDetail } from "../../drift/drift-views.js";

/** Drift of a fleet that never counted anything, with alerts that a test puts in. */
export class DriftDouble implements DriftService {
  readonly alertRecords = new Map<string, AlertRecord>();
  readonly #listeners = new Set<(model: ModelName) => void>();

  constructor(private readonly nowMs: () => number) {}

  models = () => Promise.resolve([]);
  features = (model: ModelName) => Promise.reject(unknown(model));
  model = (model: ModelName): Promise<ModelDetail> => Promise.reject(unknown(model));
  feature = (model: ModelName): Promise<FeatureDetail> => Promise.reject(unknown(model));
  reference = (model: ModelName): Promise<ReferenceProfile> => Promise.reject(unknown(model));
  windows = (model: ModelName): Promise<HeatMap> => Promise.reject(unknown(model));

  alerts = ({ limit }: { readonly limit: number }): Promise<AlertRecord[]> =>
    Promise.resolve([...this.alertRecords.values()].slice(0, limit));

  act(alertId: string, act: AlertAct): Promise<AlertRecord> {
    return this.#step(alertId, act);
  }

  decide(alertId: string, { by, isConfirmed, task }: Decision): Promise<AlertRecord> {
    const taskId = isConfirmed ? (task?.taskId ?? (`retrain-${alertId}` as TaskId)) : null;
    return this.#step(alertId, { type: "decide", by, taskId });
  }

  async #step(alertId: string, event: AlertEvent): Promise<AlertRecord> {
    const alert = this.alertRecords.get(alertId);
    if (alert === undefined) throw new FedgeError("ALERT_UNKNOWN", `there is no alert "${alertId}"`);
    const changed = stepAlert(alert, event, this.nowMs()).alert;
    this.alertRecords.set(alertId, changed);
    return changed;
  }

  onChanged(listener: (model: ModelName) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function unknown(model: ModelName): FedgeError {
  return new FedgeError("MODEL_UNKNOWN", `there is no monitored model "${model}"`);
}
