import type { ModelDriftData, WindowsData } from "../data/api-types.js";
import { cohortText } from "./verdict-looks.js";

type Window = WindowsData["windows"][number];
type Suppression = Window["suppressed"][number]["reason"];

/** A cohort, or what few of its devices counted, that was not shown, over all windows in which it was not for the same reason. */
export interface Hidden {
  readonly what: string;
  readonly reason: Suppression;
  readonly text: string;
  readonly numWindows: number;
  /** When the last of these windows began. */
  readonly lastAtMs: number;
}

/** Latest first. */
export function hiddenOf(windows: readonly Window[], minDevices: number): Hidden[] {
  const found = new Map<string, Hidden>();
  for (const { beginsAtMs, suppressed, withheld } of windows)
    for (const { what, reason } of [...suppressed, ...withheld].map(namedOf)) {
      const key = `${what} ${reason}`;
      const numWindows = (found.get(key)?.numWindows ?? 0) + 1;
      const lastAtMs = Math.max(beginsAtMs, found.get(key)?.lastAtMs ?? 0);
      const text = reasonText(reason, minDevices);
      found.set(key, { what, reason, text, numWindows, lastAtMs });
    }
  return [...found.values()].sort((one, other) => other.lastAtMs - one.lastAtMs);
}

interface Unshown {
  readonly cohort: string;
  readonly part?: string;
  readonly reason: Suppression;
}

function namedOf({ cohort, part, reason }: Unshown): Pick<Hidden, "what" | "reason"> {
  return {
    what: part === undefined ? cohortText(cohort) : `${partText(part)}, ${cohortText(cohort)}`,
    reason,
  };
}

const PARTS: Readonly<Record<string, string>> = {
  labels: "labels",
  shadow: "its shadow",
  "shadow-labels": "labels of its shadow",
};

function partText(part: string): string {
  return PARTS[part] ?? part.replace("feature:", "");
}

function reasonText(reason: Suppression, minDevices: number): string {
  switch (reason) {
    case "below-minimum":
      return `fewer than ${minDevices} devices counted`;
    case "complement":
      return "the whole fleet less the cohorts that are shown would be a cohort that is too small";
    case "overlap":
      return "it differs from another cohort by too few devices, which subtraction would show";
    case "too-many-devices":
      return "so many devices in one group that a sum may have run over";
  }
}

/** Whether versions can be compared cell by cell. */
export function layoutText(layouts: ModelDriftData["layouts"]): string {
  const groups = new Map<string, number[]>();
  for (const { version, layoutSha256 } of layouts)
    groups.set(layoutSha256, [...(groups.get(layoutSha256) ?? []), version]);
  if (groups.size <= 1)
    return layouts.length > 1
      ? `Windows of other versions: versions ${listOf(layouts.map(({ version }) => version))} count in the same cells, but each against its own reference.`
      : "Windows of other versions: each is counted against its own reference, and chosen above.";
  const parts = [...groups.values()].map(
    (versions) => `${versions.length > 1 ? "versions" : "version"} ${listOf(versions)}`,
  );
  return `Windows in other layouts: ${parts.join(" and ")} count in different cells, so that their windows are never added up nor drawn together; choose a version above.`;
}

function listOf(versions: readonly number[]): string {
  return [...versions].sort((one, other) => one - other).join(", ");
}
