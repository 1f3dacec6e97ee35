import type { OutcomesView } from "../drift-views.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { ReleasedView } from "../releases/release-record.js";
import { outsideShares } from "../releases/feature-rows.js";
import { estimatedAccuracy, outcomesOf } from "./outcome-measures.js";

/** How well a version did in a released view, and what its scores promise. */
export function outcomesView({ layout, profile }: MonitoredVersion, view: ReleasedView): OutcomesView {
  const measured = outcomesOf(view.cells, layout, profile.outcomes);
  const inputs = profile.features.flatMap((feature, at) =>
    feature.role === "input" ? (outsideShares(feature, layout.features[at], view).outOfRange ?? []) : [],
  );
  const { version, window, numDevices } = view;
  const withheld = view.withheld.map(({ part }) => part).filter((part) => !part.startsWith("feature:"));
  return {
    ...{ ...measured, version, window, numDevices, errors: view.outcomeErrors, withheld },
    // None that is shown is not none.
    labelCoverage: withheld.includes("labels") ? null : measured.labelCoverage,
    localVerdicts: { ...measured.localVerdicts },
    localPsi: [...measured.localPsi],
    estimated: estimatedAccuracy(measured.calibration, Math.max(0, ...inputs)),
  };
}
