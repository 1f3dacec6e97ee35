import { FedgeError } from "@fedge/protocol";

/** How much a device remembers; what is oldest goes first. */
export interface LogLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Outputs of a prediction that are larger are not kept. */
  readonly maxOutputBytes: number;
}

const DAY_MS = 24 * 3_600_000;

export const DEFAULT_LOG_LIMITS: LogLimits = {
  maxRows: 10_000,
  maxBytes: 20_000_000,
  maxAgeMs: 30 * DAY_MS,
  maxOutputBytes: 1024,
};

/** The limits with defaults for what is not given. Throws OPTION_INVALID for one that is no number above zero. */
export function toLogLimits(given: Partial<LogLimits>): LogLimits {
  const limits = { ...DEFAULT_LOG_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === "number" && value >= 0 && !Number.isNaN(value)) continue;
    throw new FedgeError("OPTION_INVALID", `featureLog.${name} is ${String(value)}; give a number from 0`);
  }
  return limits;
}
