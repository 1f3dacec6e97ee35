import { FedgeError } from "@fedge/protocol";

/** How much a device remembers; what is oldest goes first. */
export interface LogLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Outputs of a prediction that are larger are not kept. */
  readonly maxOutputBytes: number;
}

/** What an app decides of its device's log. */
export interface LogOptions extends Partial<LogLimits> {
  /**
   * What the rows are kept for, in words for the person whose they are. It is kept with the log, and shown in the
   * device's status and in an export; without one, what was said before stays.
   */
  readonly purpose?: string;
  /**
   * Every so many predictions of a model, a whole number from 1: their rows say afterwards which inputs the answer came
   * from (`explanation`). None by default.
   */
  readonly explainEvery?: number;
}

const MAX_PURPOSE_LENGTH = 1024;
const DAY_MS = 24 * 3_600_000;

export const DEFAULT_LOG_LIMITS: LogLimits = {
  maxRows: 10_000,
  maxBytes: 20_000_000,
  maxAgeMs: 30 * DAY_MS,
  maxOutputBytes: 1024,
};

/** The limits with defaults for what is not given. Throws OPTION_INVALID for one that is no number from zero. */
export function toLogLimits({ purpose, explainEvery: _, ...given }: LogOptions): LogLimits {
  const isText = typeof purpose === "string" && purpose.length > 0 && purpose.length <= MAX_PURPOSE_LENGTH;
  if (purpose !== undefined && !isText) {
    const wanted = `give a text of 1 to ${MAX_PURPOSE_LENGTH} characters`;
    throw new FedgeError("OPTION_INVALID", `featureLog.purpose is not one that can be shown; ${wanted}`);
  }
  const limits = { ...DEFAULT_LOG_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === "number" && value >= 0 && !Number.isNaN(value)) continue;
    throw new FedgeError("OPTION_INVALID", `featureLog.${name} is ${String(value)}; give a number from 0`);
  }
  return limits;
}
