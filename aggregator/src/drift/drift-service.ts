import type { ModelName } from "@fedge/protocol";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import type { AlertAct } from "./alerts/alert-machine.js";
import type { AlertRecord } from "./alerts/alert-record.js";
import type { Decision } from "./alerts/alerts.js";
import type { FeatureDetail, FeatureRow, HeatMap, ModelDetail, ModelVerdict } from "./drift-views.js";

export interface ViewQuery {
  /** The newest that has a release, when it is absent. */
  readonly version?: number | undefined;
  /** The whole fleet when it is absent. */
  readonly cohort?: string | undefined;
  /** The last that was shown, when it is absent. */
  readonly window?: number | undefined;
}

export interface ReferenceQuery extends Omit<ViewQuery, "window"> {
  /** How many windows it is made of, the newest. */
  readonly windows: number;
  /** None before this one. */
  readonly since?: number | undefined;
  /** False leaves predictions and scores without a reference: they are counted, and compared with nothing. */
  readonly withPredictions: boolean;
}

/** Everything that HTTP, pages and commands can ask of drift; all of it from stored releases. All may throw FedgeError. */
export interface DriftService {
  /** Every model with a monitored version. */
  models(): Promise<ModelVerdict[]>;
  /** Throws MODEL_UNKNOWN for one without a monitored version, DATA_MISSING for a cohort that no release names. */
  model(model: ModelName, query?: ViewQuery): Promise<ModelDetail>;
  /** By verdict, then by importance times effect. */
  features(model: ModelName, query?: ViewQuery): Promise<FeatureRow[]>;
  /** Throws OPTION_INVALID for a feature that the profile does not have. */
  feature(model: ModelName, name: string, query?: ViewQuery): Promise<FeatureDetail>;
  windows(model: ModelName, query: ViewQuery & { readonly limit: number }): Promise<HeatMap>;
  /**
   * A reference for a person to review: what the fleet counted in its newest released windows, of `since` on. Throws
   * DATA_MISSING when fewer than so many are shown, of that cohort.
   */
  reference(model: ModelName, query: ReferenceQuery): Promise<ReferenceProfile>;
  /** Newest first. */
  alerts(query: {
    readonly model?: ModelName;
    readonly isOpen?: boolean;
    readonly limit: number;
  }): Promise<AlertRecord[]>;
  /** Throws ALERT_UNKNOWN and ALERT_STATE_CONFLICT; the latter, too, when another person changed it since that revision. */
  act(alertId: string, act: AlertAct, seenRevision?: number): Promise<AlertRecord>;
  /** Begins or dismisses a proposed training. Throws as `act`, and what creating a task throws. */
  decide(alertId: string, decision: Decision, seenRevision?: number): Promise<AlertRecord>;
  /** Told of every window that is released, and of every alert that a person changed. The returned function ends that. */
  onChanged(listener: (model: ModelName) => void): () => void;
}
