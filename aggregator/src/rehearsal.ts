/** Nights to rehearse, for tests: `@fedge/aggregator/rehearsal`. */
export {
  rehearse,
  rehearseFault,
  type FaultResult,
  type RehearsalResult,
} from "./simulation/rehearsal/rehearse.js";
export { Rehearsal, type RehearsalContext, type RehearsalOptions } from "./simulation/rehearsal/rehearsal.js";
export { auditOf } from "./simulation/rehearsal/audit-result.js";
export {
  FAULTS,
  FOUND_FAULTS,
  type Fault,
  type FoundFault,
} from "./simulation/broken-versions/broken-version.js";
export { rehearseDrift } from "./simulation/drift-rehearsal/rehearse-drift.js";
export type { DriftRehearsalResult } from "./simulation/drift-rehearsal/drift-result.js";
export type { Scene } from "./simulation/drift-rehearsal/drift-rehearsal.js";
