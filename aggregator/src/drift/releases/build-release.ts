import { studentTailQuantile } from "@fedge/protocol/drift";
import { worstVerdict, type ReferenceProfile } from "@fedge/protocol/profile";
import type { WholeRelease, WindowSums } from "../drift-store.js";
import type { DriftPolicy } from "../drift-policy.js";
import { outcomesOf } from "../outcomes/outcome-measures.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { measureFeature, numDevicesIn } from "../statistics/feature-statistics.js";
import {
  jackknifeError,
  leaveOneOut,
  mergeGroups,
  numbersOf,
  type ReplicateGroups,
} from "../statistics/replicate-groups.js";
import { WHOLE_FLEET, type WindowKey } from "../sums/window-key.js";
import { fleetVerdict } from "../verdicts/fleet-verdict.js";
import { judgeWindow, type MeasuredView } from "../verdicts/window-rule.js";
import type { ReleasedView, Suppression } from "./release-record.js";
import { suppressedCohorts } from "./suppression.js";
import { withholdParts, type Withheld } from "./withhold-parts.js";

/** A sum modulo 2^32 of more devices may have wrapped, when each gives the most that it may. */
const MAX_SUM = 2 ** 31;
const INTERVAL_TAIL = 0.025;

export interface ClosedWindow {
  readonly monitored: MonitoredVersion;
  readonly key: WindowKey;
  readonly sums: WindowSums;
  readonly policy: Pick<DriftPolicy, "minDevices" | "minGroupDevices">;
  readonly nowMs: number;
  /** Views of the release before; empty for none. */
  readonly before: readonly ReleasedView[];
}

/** What is shown of a window that closed: computed once, kept, and the only thing that anybody sees of its sums. */
export function buildRelease(closed: ClosedWindow): WholeRelease {
  const { monitored, key } = closed;
  const { suppressed, withheld, shown } = visibleOf(closed);
  const measured = shown.map(([cohort, groups]) =>
    measureView(monitored, { cohort, groups, withheld: withheld.get(cohort) }),
  );
  const { features, window } = monitored.profile;
  const exceeded = exceededIn(closed.before);
  const judged = judgeWindow(measured, {
    ...{ features, minRows: window.minRows },
    exceededBefore: (cohort, feature) => exceeded.has(`${cohort}/${feature}`),
  });
  const views = judged.views.map(({ cohort, features: judgedFeatures }, at) => {
    const [, groups] = shown[at] as (typeof shown)[number];
    const t = (measured[at] as MeasuredView).t;
    const { parts = [] } = withheld.get(cohort) ?? {};
    const view = { cohort, features: [...judgedFeatures], withheld: parts };
    return releasedViewOf(closed, view, { groups, t });
  });
  const whole = views.find(({ cohort }) => cohort === WHOLE_FLEET);
  return {
    release: {
      ...timesOf(key, monitored.profile),
      ...{ releasedAtMs: closed.nowMs, numTests: judged.numTests },
      numDevices: whole?.numDevices ?? null,
      numRows: whole?.numRows ?? null,
      ...fleetVerdict(views, features),
      shown: views.map(({ cohort }) => cohort),
      suppressed: suppressedOf(suppressed),
      withheld: views.flatMap(({ cohort, withheld: parts }) => parts.map((part) => ({ cohort, ...part }))),
    },
    views,
  };
}

interface Visible {
  readonly suppressed: ReadonlyMap<string, Suppression>;
  readonly withheld: ReadonlyMap<string, Withheld>;
  /** In the order of their names, without what is withheld of them. */
  readonly shown: readonly (readonly [string, ReplicateGroups])[];
}

/** What may be seen of the window at all. */
function visibleOf(closed: ClosedWindow): Visible {
  const { monitored, policy } = closed;
  const cohorts = groupsOf(closed);
  const sizes = [...cohorts].map(([cohort, { numDevices, total }]) => ({
    ...{ cohort, numDevices, numReporting: total[monitored.layout.rows.at] as number },
  }));
  const suppressed = suppressedCohorts(sizes, closed.sums.overlaps, policy.minDevices);
  for (const cohort of overfull(closed)) suppressed.set(cohort, "too-many-devices");
  const withheld = withholdParts(closed, { cohorts, suppressed });
  const shown = [...cohorts]
    .filter(([cohort]) => !suppressed.has(cohort))
    .sort(([one], [two]) => (one < two ? -1 : 1));
  return { suppressed, withheld, shown };
}

function groupsOf({ monitored, sums, policy }: ClosedWindow): Map<string, ReplicateGroups> {
  const { layout } = monitored;
  const replicates = new Map<string, { replicate: number; cells: Float64Array }[]>();
  for (const { cohort, replicate, vector } of sums.sums) {
    const those = replicates.get(cohort) ?? [];
    replicates.set(cohort, those);
    those.push({ replicate, cells: numbersOf(vector, layout) });
  }
  const numDevicesOf = numDevicesIn(monitored);
  return new Map(
    [...replicates].map(([cohort, those]) => {
      const ordered = those.sort((one, other) => one.replicate - other.replicate).map(({ cells }) => cells);
      return [cohort, mergeGroups(ordered, numDevicesOf, policy.minGroupDevices)];
    }),
  );
}

/** Cohorts of which a replicate's sum may have wrapped. */
function overfull({ monitored: { layout, maxCell }, sums }: ClosedWindow): string[] {
  const most = MAX_SUM / maxCell;
  return sums.sums.flatMap(({ cohort, vector }) =>
    (vector[layout.rows.at] as number) > most ? [cohort] : [],
  );
}

function measureView(
  { profile, layout }: MonitoredVersion,
  {
    cohort,
    groups,
    withheld,
  }: { readonly cohort: string; readonly groups: ReplicateGroups; readonly withheld: Withheld | undefined },
): MeasuredView {
  return {
    cohort,
    t: groups.groups.length < 2 ? 0 : studentTailQuantile(INTERVAL_TAIL, groups.groups.length - 1),
    features: profile.features.map((feature, index) => ({
      ...measureFeature(feature, layout.features[index] as (typeof layout.features)[number], groups),
      ...withheld?.features.get(feature.name),
    })),
  };
}

function exceededIn(views: readonly ReleasedView[]): Set<string> {
  return new Set(
    views.flatMap(({ cohort, features }) =>
      features.flatMap(({ name, isExceeded }) => (isExceeded ? [`${cohort}/${name}`] : [])),
    ),
  );
}

function releasedViewOf(
  { monitored, key }: ClosedWindow,
  { cohort, features, withheld }: Pick<ReleasedView, "cohort" | "features" | "withheld">,
  { groups, t }: { readonly groups: ReplicateGroups; readonly t: number },
): ReleasedView {
  const { model, version, window } = key;
  return {
    ...{ model, version, window, cohort, features, withheld, t },
    numDevices: groups.numDevices,
    numRows: groups.total[monitored.layout.rows.at + 1] as number,
    numGroups: groups.groups.length,
    cells: [...groups.total],
    outcomeErrors: outcomeErrors(monitored, groups),
    verdict: worstVerdict(features.map(({ verdict }) => verdict)),
  };
}

function outcomeErrors(
  { layout, profile }: MonitoredVersion,
  groups: ReplicateGroups,
): Record<string, number> {
  const whole = { at: 0, size: layout.numCells };
  const left = leaveOneOut(groups, whole, (cells) => outcomesOf(cells, layout, profile.outcomes));
  const names = ["accuracy", "recallAtK", "macroF1", "logLoss", "rmse", "labelCoverage"] as const;
  const errors: Record<string, number> = {};
  for (const name of names) {
    const values = left.flatMap((outcomes) => outcomes[name] ?? []);
    if (values.length === left.length && values.length > 1) errors[name] = jackknifeError(values);
  }
  const differences = left.flatMap(({ shadow }) => shadow?.difference ?? []);
  if (differences.length === left.length && left.length > 1)
    errors["shadowDifference"] = jackknifeError(differences);
  return errors;
}

function suppressedOf(
  suppressed: ReadonlyMap<string, Suppression>,
): { cohort: string; reason: Suppression }[] {
  return [...suppressed].map(([cohort, reason]) => ({ cohort, reason }));
}

function timesOf(
  { model, version, layoutSha256, window }: WindowKey,
  { window: { lengthMs } }: Pick<ReferenceProfile, "window">,
) {
  return {
    ...{ model, version, layoutSha256, window },
    ...{ beginsAtMs: window * lengthMs, endsAtMs: (window + 1) * lengthMs },
  };
}
