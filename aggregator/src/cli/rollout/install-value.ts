import { InvalidArgumentError } from "commander";
import { overlaid, type Fields } from "../../rollouts/overlaid.js";
import { decimal, duration, wholeNumber } from "../flag-values.js";

/** `none`, or the fields of an install policy that were given. */
export type InstallValue = "none" | Fields;

const BYTES = { B: 1, kB: 1000, MB: 1e6, GB: 1e9 } as const;

const count = wholeNumber({ least: 0, most: 1_000_000_000 });
const positive = wholeNumber({ least: 1, most: 1000 });

/** How devices install and try a version; each name stands for one field of the policy. */
const CONDITIONS: Readonly<Record<string, (text: string) => Fields>> = {
  predictions: (text) => probation({ minPredictions: count(text) }),
  time: (text) => probation({ minDurationMs: duration(text) }),
  deadline: (text) => probation({ deadlineMs: duration(text) }),
  errors: (text) => probation({ maxErrorRate: share(text) }),
  latency: (text) => probation({ maxLatencyRatio: decimal({ above: 0, most: 1000 })(text) }),
  memory: (text) => probation({ maxMemoryGrowthBytes: text === "none" ? null : bytes(text) }),
  offline: (text) => probation({ allowsOffline: choice(text, ["yes", "no"]) === "yes" }),
  "state-deadline": (text) => ({ stateDeadlineMs: duration(text) }),
  activations: (text) => ({ maxActivations: positive(text) }),
  crashes: (text) => ({ maxCrashes: positive(text) }),
  "on-drift": (text) => ({ onDrift: choice(text, ["stay", "back"]) }),
  rollback: (text) => ({ rollback: choice(text, ["automatic", "never"]) }),
};

/** Reads `none`, or `NAME=VALUE` with commas between, such as `predictions=50,time=10m,offline=no`; later ones count. */
export function installValue(text: string, before: InstallValue | undefined): InstallValue {
  if (text.trim() === "none") return "none";
  return text
    .split(",")
    .map(conditionOf)
    .reduce(overlaid, before === "none" || before === undefined ? {} : before);
}

function conditionOf(part: string): Fields {
  const [name = "", value, ...rest] = part.split("=").map((word) => word.trim());
  const read = Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name] : undefined;
  if (read === undefined || value === undefined || rest.length > 0) {
    const names = Object.keys(CONDITIONS).join(", ");
    throw new InvalidArgumentError(
      `It takes none, or NAME=VALUE such as predictions=50,time=10m; the names are ${names}.`,
    );
  }
  try {
    return read(value);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new InvalidArgumentError(`${name}: ${cause.message}`);
  }
}

function probation(fields: Fields): Fields {
  return { probation: fields };
}

/** `0.05` or `5%`. */
function share(text: string): number {
  const isPercent = text.endsWith("%");
  const value = decimal({ least: 0, most: isPercent ? 100 : 1 })(isPercent ? text.slice(0, -1) : text);
  return isPercent ? value / 100 : value;
}

function bytes(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(B|kB|MB|GB)$/.exec(text);
  const unit = match?.[2];
  if (match === null || unit === undefined) {
    throw new InvalidArgumentError("It takes a size with its unit, such as 512MB, or none.");
  }
  return Math.round(Number(match[1]) * BYTES[unit as keyof typeof BYTES]);
}

function choice(text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw new InvalidArgumentError(`It takes ${choices.join(" or ")}.`);
}
