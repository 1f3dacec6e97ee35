import type { DriftStore, WholeRelease } from "../drift-store.js";
import type { PreviousRelease } from "../releases/previous-release.js";
import type { ReleasedWindow } from "../releases/window-closer.js";
import { proposing, stepAlert, type AlertStep } from "./alert-machine.js";
import type { AlertRecord } from "./alert-record.js";
import { labelledOutcomes } from "./release-evidence.js";

/** Releases of a version that are looked through for one with devices: after the last there is one without, no more. */
const LAST_RELEASES = 3;
/** Share of the devices in windows of newer versions that are too small to show, up to which the others speak for all. */
const MOST_UNHEARD = 0.1;

/**
 * Versions newer than the release's that the fleet went back from: a whole window passed since the last of which any device
 * said something, shown or not.
 */
export async function versionsLeft(
  store: Pick<DriftStore, "listReleases">,
  { model, version: present, beginsAtMs }: WholeRelease["release"],
  open: readonly AlertRecord[],
): Promise<Set<number>> {
  const left = new Set<number>();
  for (const version of new Set(open.map((alert) => alert.version))) {
    if (version <= present) continue;
    const releases = await store.listReleases(model, { version, limit: LAST_RELEASES });
    const last = releases.find(({ shown, suppressed }) => shown.length + suppressed.length > 0);
    if (last === undefined || last.endsAtMs < beginsAtMs) left.add(version);
  }
  return left;
}

/** Of matters that are open, in a window that says something of them; those that the window has are not quiet. */
export function quietSteps(
  { whole: { release, views }, before, monitored }: ReleasedWindow,
  scene: { readonly open: readonly AlertRecord[]; readonly left: ReadonlySet<number> },
): AlertStep[] {
  const { beginsAtMs, endsAtMs, releasedAtMs: atMs } = release;
  return scene.open.flatMap((alert) => {
    // Beside devices that have the alert's version still, those of an older one do not say that it is over.
    const isBeside = release.version < alert.version && !scene.left.has(alert.version);
    if (isBeside || !saysSomething(alert, views, { monitored, before })) return [];
    const step = stepAlert(alert, { type: "quiet", beginsAtMs, endsAtMs }, atMs);
    return step.alert === alert ? [] : [step];
  });
}

/** The steps, and of a proposal whose alert is over those by which one that is still critical proposes. */
export function handOver(open: readonly AlertRecord[], steps: readonly AlertStep[]): AlertStep[] {
  const over = steps.filter(({ alert }) => alert.state === "resolved");
  if (over.every(({ alert }) => alert.proposal === null)) return [...steps];
  const stepped = new Set(steps.map(({ alert }) => alert.alertId));
  let proposedIn: string | null = null;
  const handed = open.flatMap((before) => {
    if (stepped.has(before.alertId)) return [];
    const alert = proposing(before, proposedIn);
    if (alert.proposal !== null) proposedIn ??= alert.alertId;
    const isChanged = alert.proposal !== before.proposal || alert.proposedIn !== before.proposedIn;
    return isChanged ? [{ alert, notice: null }] : [];
  });
  return [...steps, ...handed];
}

/** Whether nearly all that may have gone on with a matter to a newer version are shown there. */
function areHeard({ numDevicesNow, elsewhere }: PreviousRelease): boolean {
  return elsewhere.numHiddenAhead <= MOST_UNHEARD * (numDevicesNow + elsewhere.numDevices);
}

/**
 * Whether the window has what the alert is about: without counts nothing is known to be over. Of a cohort only its own counts
 * say so, as the whole fleet may hide what it does.
 */
function saysSomething(
  { evidence: { kind, feature, cohort } }: AlertRecord,
  views: WholeRelease["views"],
  { monitored, before }: Pick<ReleasedWindow, "monitored" | "before">,
): boolean {
  // How many devices report, and how old the version is, is known of every window.
  if (kind === "silent-fleet" || kind === "stale") return true;
  if (!areHeard(before)) return false;
  if (kind === "performance") return labelledOutcomes(views, monitored) !== null;
  const found = views.find((view) => view.cohort === cohort)?.features.find(({ name }) => name === feature);
  if (found === undefined) return false;
  if (found.isWithheld && kind === "data-broken") return found.numRows >= monitored.profile.window.minRows;
  if (found.verdict === "not_enough_data") return false;
  // Exceeded again after a window without it is a warning at first: no drift yet, and not over either.
  return kind === "data-broken" || !found.isExceeded;
}
