import { FedgeError, type ModelName } from "@fedge/protocol";
import type { AlertRecord } from "../../drift/alerts/alert-record.js";
import { stepAlert } from "../../drift/alerts/alert-machine.js";
import type { AlertAct } from "../../drift/alerts/alert-machine.js";
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
  windows = (model: ModelName): Promise<HeatMap> => Promise.reject(unknown(model));

  alerts = ({ limit }: { readonly limit: number }): Promise<AlertRecord[]> =>
    Promise.resolve([...this.alertRecords.values()].slice(0, limit));

  async act(alertId: string, act: AlertAct): Promise<AlertRecord> {
    const alert = this.alertRecords.get(alertId);
    if (alert === undefined) throw new FedgeError("ALERT_UNKNOWN", `there is no alert "${alertId}"`);
    const changed = stepAlert(alert, act, this.nowMs()).alert;
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
