import { FedgeError, MAX_EXAMPLES_PER_UPDATE, encodedUpdateBytes, type Report } from "@fedge/protocol";
import type { TaskConfig } from "../tasks/task-config.js";

/** A device is assigned to a round once; after an interruption it goes on with the same attempt. */
const ATTEMPT = 1;

/**
 * Refuses, before a byte of it is sent, a report that cannot become part of the round.
 *
 * Throws FedgeError with the code that the device's receipt and the counters carry.
 */
export function checkReport(
  report: Report,
  expected: { readonly config: TaskConfig; readonly baseVersion: number; readonly numParameters: number },
): void {
  const { config } = expected;
  if (report.attempt !== ATTEMPT)
    throw new FedgeError("UPDATE_MALFORMED", `report of attempt ${report.attempt}; the round has ${ATTEMPT}`);
  if (report.baseVersion !== expected.baseVersion) {
    throw new FedgeError(
      "UPDATE_WRONG_BASE_VERSION",
      `update of version ${report.baseVersion}; the round trains ${expected.baseVersion}`,
    );
  }
  if (
    report.numExamples < config.training.minExamples ||
    report.numExamples > Math.min(config.training.maxExamples, MAX_EXAMPLES_PER_UPDATE)
  ) {
    throw new FedgeError(
      "UPDATE_EXAMPLES_INVALID",
      `${report.numExamples} examples; ${config.training.minExamples} to ${config.training.maxExamples} are allowed`,
    );
  }
  if (report.update.encoding !== config.update.encoding) {
    throw new FedgeError(
      "UPDATE_MALFORMED",
      `update encoded as ${report.update.encoding}; the task asks for ${config.update.encoding}`,
    );
  }
  checkSize(report.update.sizeBytes, encodedUpdateBytes(expected.numParameters, config.update.encoding));
}

function checkSize(sizeBytes: number, expectedBytes: number): void {
  if (sizeBytes === expectedBytes) return;
  const isMuchLarger = sizeBytes > expectedBytes + expectedBytes / 2;
  const code =
    sizeBytes < expectedBytes
      ? "UPDATE_TRUNCATED"
      : isMuchLarger
        ? "UPDATE_TOO_LARGE"
        : "UPDATE_SHAPE_MISMATCH";
  throw new FedgeError(code, `update of ${sizeBytes} bytes; this model's is ${expectedBytes}`);
}

/** Refuses an update for what its numbers are. */
export function checkNorms(
  norms: { readonly isFinite: boolean; readonly l2Norm: number },
  maxNorm: number,
): void {
  if (!norms.isFinite) throw new FedgeError("UPDATE_NOT_FINITE", "update holds NaN or infinity");
  if (norms.l2Norm > maxNorm) {
    throw new FedgeError(
      "UPDATE_NORM_EXCEEDED",
      `update norm ${norms.l2Norm.toPrecision(4)} is above ${maxNorm}`,
    );
  }
}
