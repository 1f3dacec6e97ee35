import {
  adopt,
  begin,
  enter,
  idleSlot,
  isSameGoal,
  keepActive,
  renamed,
  staged,
  stay,
  underWay,
  withoutReport,
  type UnderWay,
} from "./attempt-changes.js";
import { drifted, hasDriftedUnder, slotsOfCommitted } from "./data-drift.js";
import { DEFAULT_INSTALL_POLICY } from "./default-policy.js";
import { canceled, expired, failed, hindered } from "./install-failures.js";
import { CANCELED, LOOP, MAX_TRANSITIONS, SUPERSEDED } from "./install-faults.js";
import { restarted } from "./install-restart.js";
import {
  tokenOf,
  versionIn,
  type InstallEvent,
  type InstallGoal,
  type InstallRecord,
  type InstallStep,
} from "./install-state.js";
import { judgeProbation } from "./probation.js";

/**
 * What a device does to bring one model to the version that is wanted. The record is kept before the effects run.
 *
 * | state        | event                        | next                                                          |
 * | ------------ | ---------------------------- | ------------------------------------------------------------- |
 * | none, final  | wanted, older release        | as before, refused                                            |
 * | none, final  | wanted, serves already       | committed                                                     |
 * | none, final  | wanted, has failed before    | as before                                                     |
 * | none, final  | wanted by no rollout, was left for a drift | as before                                       |
 * | none, final  | wanted                       | assigned                                                      |
 * | assigned     | accepted                     | downloading                                                   |
 * | downloading  | downloaded                   | verifying                                                     |
 * | verifying    | verified                     | staged: the version lies in the idle slot                     |
 * | staged       | proceed                      | activating, counted before it happens                         |
 * | activating   | activated                    | probation: the active slot changes, in the same write         |
 * | probation    | observed: passed             | committed                                                     |
 * | probation    | observed: failed             | rolling-back, or not-rolled-back where the policy wants that  |
 * | probation    | drifted, and the policy goes back | rolling-back, or not-rolled-back where the policy wants that |
 * | committed    | drifted, and the policy goes back | rolling-back, where the version before is still in its slot |
 * | rolling-back | restored                     | rolled-back                                                   |
 * | rolling-back | hindered for good, expired   | safe-mode                                                     |
 * | assigned     | hindered for good            | rejected                                                      |
 * | to staged    | hindered for good, expired   | failed                                                        |
 * | any of these | hindered, passing            | as before; the same again after a while                       |
 * | to staged    | wanted another, unwanted     | canceled                                                      |
 * | any of these | wanted the same version      | as before, for the newer release                              |
 * | activating   | hindered, expired, unwanted, another wanted | rolling-back                                   |
 * | probation    | unwanted, another wanted     | rolling-back                                                  |
 * | any of these | restarted                    | as before, or its failure when this is a crash too many       |
 * | any          | authority changed            | as before; the counter begins anew                            |
 *
 * Invariants: (1) the active slot holds nothing, a version that committed, or the one on probation; (2) the active slot
 * changes only from `activating` to `probation` and into `rolling-back`; (3) the slot of the version before is not
 * touched until the new one is final, and after that only by the next one where a drift may lead back; (4) `numActivations` and `numCrashes` grow before what they count happens, and at
 * their limits the attempt fails; (5) every state that is not final has a deadline; (6) a final state never changes, but for
 * `committed`, once, by a drift: a retry is a new attempt; (7) the release's counter never falls while the same authority signs, and one counter means one version; (8) an attempt has at
 * most MAX_TRANSITIONS transitions before it fails, and a rollback after that; (9) an effect's outcome counts only in
 * the state that began it.
 */
export function step(record: InstallRecord, event: InstallEvent, nowMs: number): InstallStep {
  const under = underWay(record);
  if (event.type === "wanted") return wanted(record, under, event, nowMs);
  if (event.type === "reported") return stay(withoutReport(record, event.token));
  if (event.type === "authority-changed") return stay({ ...record, release: null });
  if (event.type === "drifted") return drifted(record, event, nowMs);
  if (under === null) return stay(record);
  switch (event.type) {
    case "unwanted":
      return canceled(under, nowMs, CANCELED);
    case "observed":
      return observed(under, event, nowMs);
    case "restarted":
      return restarted(under, nowMs);
    case "left":
      return stay({ ...record, attempt: { ...under.attempt, isRunning: false } });
    default:
      return event.token === tokenOf(record) ? ended(under, event, nowMs) : stay(record);
  }
}

type Ended = Exclude<
  InstallEvent,
  {
    type:
      | "wanted"
      | "unwanted"
      | "observed"
      | "drifted"
      | "restarted"
      | "left"
      | "reported"
      | "authority-changed";
  }
>;

function wanted(
  record: InstallRecord,
  under: UnderWay | null,
  { goal, isServed }: Extract<InstallEvent, { type: "wanted" }>,
  nowMs: number,
): InstallStep {
  if (isOlder(record, goal)) return stay(record, "refuse");
  if (under !== null) {
    const isSameVersion = under.attempt.goal.manifest.sha256 === goal.manifest.sha256;
    return isSameVersion ? adopt(under, goal) : canceled(under, nowMs, SUPERSEDED);
  }
  const { attempt } = record;
  const isTaken = attempt !== null && (isSameGoal(attempt.goal, goal) || hasDriftedUnder(record, goal));
  if (isServed) return isTaken ? stay(record) : inSync(record, goal, nowMs);
  // A version that committed and does not serve was lost by the disk.
  if (isTaken && attempt.state !== "committed" && !isWorthAnother(record, goal)) return stay(record);
  return stay(begin(record, goal, nowMs), "accept");
}

function isOlder({ release }: InstallRecord, { releaseCounter, manifest }: InstallGoal): boolean {
  if (release === null || releaseCounter > release.counter) return false;
  return releaseCounter < release.counter || manifest.sha256 !== release.manifestSha256;
}

/** Without a rollout nobody is there to start a new attempt at what only took too long. */
function isWorthAnother({ attempt }: InstallRecord, goal: InstallGoal): boolean {
  return (
    goal.rolloutId === null && attempt?.state === "failed" && attempt.fault?.code === "INSTALL_TIMED_OUT"
  );
}

/** The bytes are here and serve: only the release is a new one, such as a rollback to them. */
function inSync(record: InstallRecord, given: InstallGoal, nowMs: number): InstallStep {
  // A release that says nothing of how to install leaves that as it was, as one for the whole fleet after its rollout.
  const policy =
    (given.policy === DEFAULT_INSTALL_POLICY ? record.attempt?.goal.policy : null) ?? given.policy;
  const goal = { ...given, policy };
  const begun = renamed(begin(record, goal, nowMs), goal);
  const under = underWay(begun);
  if (under === null) return stay(record);
  return stay(enter(under, "committed", nowMs, { record: { release: releaseOf(goal) } }));
}

function releaseOf({ releaseCounter, manifest }: InstallGoal): InstallRecord["release"] {
  return { counter: releaseCounter, manifestSha256: manifest.sha256 };
}

function ended(under: UnderWay, event: Ended, nowMs: number): InstallStep {
  const { record, attempt } = under;
  if (event.type === "hindered") return hindered(under, event, nowMs);
  if (event.type === "expired") return expired(under, nowMs);
  if (attempt.numTransitions >= MAX_TRANSITIONS && attempt.state !== "rolling-back")
    return failed(under, nowMs, LOOP);
  switch (`${attempt.state} ${event.type}`) {
    case "assigned accepted":
      return accepted(under, event as Extract<Ended, { type: "accepted" }>, nowMs);
    case "downloading downloaded":
      return { record: enter(under, "verifying", nowMs), effects: ["verify"] };
    case "verifying verified":
      return { record: staging(under, nowMs), effects: ["proceed"] };
    case "staged proceed":
      return activating(under, nowMs);
    case "activating activated":
      return activated(under, event as Extract<Ended, { type: "activated" }>, nowMs);
    case "rolling-back restored":
      return rolledBack(under, nowMs);
    default:
      return stay(record);
  }
}

function accepted(
  under: UnderWay,
  { release: trusted }: Extract<Ended, { type: "accepted" }>,
  nowMs: number,
): InstallStep {
  const changes = { record: { release: releaseOf(under.attempt.goal) }, attempt: { trusted } };
  return { record: enter(under, "downloading", nowMs, changes), effects: ["download"] };
}

function staging(under: UnderWay, nowMs: number): InstallRecord {
  const { record, attempt } = under;
  const { version, manifest, releaseCounter, rolloutId } = attempt.goal;
  const installation = record.numInstallations + 1;
  const slots = staged(record.slots, {
    ...{ version, manifest, releaseCounter, rolloutId, installation },
    installedAtMs: nowMs,
  });
  return enter(under, "staged", nowMs, { slots, record: { numInstallations: installation } });
}

function activating(under: UnderWay, nowMs: number): InstallStep {
  const { attempt } = under;
  if (attempt.numActivations >= attempt.goal.policy.maxActivations) return failed(under, nowMs, LOOP);
  const numActivations = attempt.numActivations + 1;
  return { record: enter(under, "activating", nowMs, { attempt: { numActivations } }), effects: ["load"] };
}

function activated(
  under: UnderWay,
  { before }: Extract<Ended, { type: "activated" }>,
  nowMs: number,
): InstallStep {
  const { slots } = under.record;
  const active = idleSlot(slots);
  const version = versionIn(slots, active);
  const flipped = {
    ...slots,
    active,
    [active]: version === null ? null : { ...version, installedAtMs: nowMs },
  };
  const changes = { slots: flipped, attempt: { before, activatedAtMs: nowMs } };
  return { record: enter(under, "probation", nowMs, changes), effects: ["serve", "watch"] };
}

function observed(
  under: UnderWay,
  { facts }: Extract<InstallEvent, { type: "observed" }>,
  nowMs: number,
): InstallStep {
  const { record, attempt } = under;
  if (attempt.state !== "probation") return stay(record);
  const verdict = judgeProbation(attempt.goal.policy.probation, facts);
  if (verdict === "pending") return stay(record);
  if (verdict === "passed") {
    const kept = enter(under, "committed", nowMs, {
      slots: slotsOfCommitted(record.slots, attempt.goal),
    });
    return { record: renamed(kept, attempt.goal), effects: ["settle", "reconsider"] };
  }
  return failed(under, nowMs, verdict);
}

function rolledBack(under: UnderWay, nowMs: number): InstallStep {
  const { fault } = under.attempt;
  const slots = keepActive(under.record.slots);
  const over = enter(under, "rolled-back", nowMs, { slots, attempt: { fault } });
  return { record: over, effects: ["settle", "reconsider"] };
}
