import type { ModelName } from "@fedge/protocol";
import { openAlert } from "../alerts/alert-machine.js";
import type { AlertRecord, Evidence } from "../alerts/alert-record.js";

const HOUR_MS = 3_600_000;

export const SAMPLE_EVIDENCE: Evidence = {
  ...{ kind: "drift", severity: "warning", feature: "age", cohort: "", method: "psi" },
  ...{ score: 0.4, lower: 0.3, upper: 0.5, limit: 0.05, numRows: 5000, numDevices: 100 },
  ...{ reference: "training", text: "age: PSI is at least 0.3, above its floor of 0.05" },
};

/** A drift of `age` that was seen first in window 10. */
export function sampleAlert(evidence: Partial<Evidence> = {}): AlertRecord {
  const { alert } = openAlert({
    ...{ alertId: "abc123", model: "digits" as ModelName, version: 3, window: 10, windowMs: HOUR_MS },
    endsAtMs: 11 * HOUR_MS,
    ...{ evidence: { ...SAMPLE_EVIDENCE, ...evidence }, atMs: 40_000_000, runbook: "docs" },
    ...{ before: null, proposedIn: null },
  });
  return alert;
}
