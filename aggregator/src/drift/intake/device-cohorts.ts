import { ownValue } from "@fedge/protocol";
import type { DeviceRecord } from "../../store/port.js";

/** What is known of a device that belongs to no value. */
const UNKNOWN = "unknown";
const OTHER = "other";
const MAX_VALUE_LENGTH = 48;
/** Cohorts of one attribute in one window; apps say what they like, and each value is a sum of its own. */
export const MAX_COHORTS_PER_ATTRIBUTE = 12;

type CohortDevice = Pick<DeviceRecord, "platform" | "engine" | "runtimeVersion" | "attributes">;

/** The device's cohort of each attribute, `attribute=value`, in their order. */
export function cohortsOf(device: CohortDevice, attributes: readonly string[]): string[] {
  return attributes.map((attribute) => `${attribute}=${plain(valueOf(device, attribute))}`);
}

function valueOf({ attributes, ...device }: CohortDevice, attribute: string): string {
  if (attribute === "platform" || attribute === "engine" || attribute === "runtimeVersion")
    return device[attribute];
  return ownValue(attributes, attribute) ?? UNKNOWN;
}

/** Cohorts are names of sums, and stand in file names, addresses and tables. */
function plain(value: string): string {
  const text = value.replaceAll(/[^A-Za-z0-9_.+-]+/g, "-").slice(0, MAX_VALUE_LENGTH);
  return text === "" ? UNKNOWN : text;
}

/** Which cohorts a window has; a value beyond the most that there may be counts as `other`. */
export class WindowCohorts {
  readonly #values = new Map<string, Set<string>>();

  constructor(known: Iterable<string>) {
    for (const cohort of known) this.admit(cohort);
  }

  /** The cohort to count under. */
  admit(cohort: string): string {
    const attribute = cohort.slice(0, cohort.indexOf("="));
    const values = this.#values.get(attribute) ?? new Set();
    this.#values.set(attribute, values);
    if (!values.has(cohort) && values.size >= MAX_COHORTS_PER_ATTRIBUTE) return `${attribute}=${OTHER}`;
    values.add(cohort);
    return cohort;
  }
}
