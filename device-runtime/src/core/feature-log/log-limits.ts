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

const DAY_MS = 24 * 3_600_000;

export const DEFAULT_LOG_LIMITS: LogLimits = {
  maxRows: 10_000,
  maxBytes: 20_000_000,
  maxAgeMs: 30 * DAY_MS,
  maxOutputBytes: 1024,
};

/** What the options are checked by. */
export interface LogRules {
  readonly defaults: LogLimits;
  readonly maxPurposeLength: number;
}

export const LOG_RULES: LogRules = { defaults: DEFAULT_LOG_LIMITS, maxPurposeLength: 1024 };

/** The limits with defaults for what is not given. */
export function limitsOf({ purpose: _, explainEvery: __, ...given }: LogOptions): LogLimits {
  return { ...DEFAULT_LOG_LIMITS, ...given };
}

/** Whether a log can be kept by them; what is wrong is said by code that is fetched then. */
export function areLogOptions(options: LogOptions): boolean {
  const { purpose = " " } = options;
  const limits = Object.entries(limitsOf(options));
  return (
    typeof purpose === "string" &&
    purpose.length > 0 &&
    purpose.length <= LOG_RULES.maxPurposeLength &&
    limits.every(([name, value]) => name in DEFAULT_LOG_LIMITS && typeof value === "number" && value >= 0)
  );
}
