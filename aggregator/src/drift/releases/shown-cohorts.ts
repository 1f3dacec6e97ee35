import { FedgeError } from "@fedge/protocol";
import type { ViewQuery } from "../drift-service.js";
import type { WholeRelease } from "../drift-store.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import type { ReleaseRecord, ReleasedView } from "./release-record.js";

/** The cohort's view. Throws DATA_MISSING, with the reason, for one that is not shown. */
export function viewOf({ views, release }: WholeRelease, { cohort = WHOLE_FLEET }: ViewQuery): ReleasedView {
  const found = views.find((view) => view.cohort === cohort);
  if (found !== undefined) return found;
  const why = release.suppressed.find((each) => each.cohort === cohort)?.reason;
  if (why === undefined) throw noCohort(release, cohort);
  throw new FedgeError("DATA_MISSING", `cohort "${cohort}" of window ${release.window} is not shown: ${why}`);
}

/** Every cohort that a release names, shown or not. */
export function cohortsNamedIn({ shown, suppressed }: ReleaseRecord): string[] {
  return [WHOLE_FLEET, ...shown, ...suppressed.map(({ cohort }) => cohort)];
}

/** DATA_MISSING for a cohort that no release names. */
export function noCohort({ window, shown }: ReleaseRecord, cohort: string): FedgeError {
  return new FedgeError(
    "DATA_MISSING",
    `window ${window} has no cohort "${cohort}"; it shows ${shownText(shown)}`,
  );
}

function shownText(cohorts: readonly string[]): string {
  return cohorts.map((cohort) => (cohort === WHOLE_FLEET ? "the whole fleet" : cohort)).join(", ") || "none";
}
