/**
 * The device without a platform: everything from outside is a port.
 *
 * @module @fedge/device-runtime
 */
export { createDevice } from "./device.js";
export { modelNamesOf, modelsOf, type AppOptions } from "./app-options.js";
export { closingAfter } from "./closing-after.js";
export { toModelName } from "./model-names.js";
export type * from "./device-interface.js";
export type { DeviceEventMap } from "./device-events.js";
export type { Prediction } from "./serving/model-host.js";
export type { RoundPhase } from "./rounds/participation-state.js";
export type { LogQuery, LogSelection } from "./feature-log/log-selection.js";
export { DEFAULT_LOG_LIMITS, type LogLimits, type LogOptions } from "./feature-log/log-limits.js";
export type { LogField, LogRow } from "./feature-log/log-row.js";
export {
  DEFAULT_POLICY,
  reasonsAgainst,
  type HostFacts,
  type TrainingPolicy,
} from "./conditions/training-policy.js";
export type { DriftStatus } from "./monitor/drift-status.js";
export type { JointMethod } from "./monitor/drift-judgement.js";
export type { Problem } from "./problems.js";
export type { TrainingRecord } from "./rounds/training-history.js";
export type { ModelInputs } from "./serving/check-inputs.js";
export type { TensorLike } from "./serving/tensor-types.js";
export type { Baseline, BaselineSource } from "./installs/baseline.js";
export type { InstallStatus } from "./installs/install-report.js";
export type * from "./trust/release-trust.js";
export { RUNTIME_VERSION } from "./installs/installer.js";
export type * from "./ports/application.js";
export type * from "./ports/clock.js";
export type * from "./ports/engine.js";
export type * from "./ports/ports.js";
export type * from "./ports/storage.js";
export type * from "./ports/transport.js";
