import { errorCodeOf } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { checkCommand } from "./commands.js";
import { ratePerMinute } from "./rate-limit.js";
import { MINUTE_MS, MachineDriver, START_MS, devicesOf, sampleConfig } from "./testing/sample-rollout.js";

const TEN = devicesOf(10);
const rate = { basePerMinute: 50, factor: 2, growAt: 1000, maxPerMinute: 400 };

function codeOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return errorCodeOf(error);
  }
}

describe("gates of a wave", () => {
  test("R2: seven of ten finished leave a wave of 80 % open, the eighth opens the next", () => {
    const driver = new MachineDriver().started(TEN).see(TEN);

    driver.reports(TEN.slice(0, 7), "committed");
    expect(driver.wave(0)).toBe("filling");

    driver.reports(TEN.slice(7, 8), "committed");
    expect(driver.wave(0)).toBe("passed");
    expect(driver.effects).toContainEqual({ type: "open-wave", wave: 1 });
  });

  test("R3: two errors of ten go on at 20 %, three pause, and the later wave stays untouched", () => {
    const install = { minSuccess: 0.9, minReached: 1, maxErrors: 0.2, minReports: 10 };
    const driver = new MachineDriver(sampleConfig({ gates: { install, metrics: [] } })).started(TEN);

    driver.reports(TEN.slice(0, 2), "failed");
    driver.reports(TEN.slice(2, 9), "committed");
    expect(driver.state.phase).toBe("running");

    driver.report(TEN[9]!, "failed");
    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "error-threshold" });
    expect(driver.wave(1)).toBe("pending");
    expect(driver.state.reason).toContain("3 of 10 reports failed (30 %), at most 20 % are allowed");
  });

  test("R3: where the gate says so, a small wave with too many errors goes back, also those that committed", () => {
    const install = { minSuccess: 0.9, minReached: 1, maxErrors: 0.2, minReports: 3, onErrors: "roll-back" };
    const config = sampleConfig({ gates: { install, metrics: [] }, rollBackUpToPercent: 50 });
    const driver = new MachineDriver(config).started(TEN);

    driver.report(TEN[0]!, "committed");
    driver.reports(TEN.slice(1, 3), "failed");

    expect(driver.state.phase).toBe("rolling-back");
    expect(driver.state.reason).toContain("2 of 3 reports failed (66.7 %), at most 20 % are allowed");
    expect(driver.take("tell-back")).toContain(TEN[0]);
  });

  test("R3: a wave that is too large to go back by itself pauses", () => {
    const install = { minSuccess: 0.9, minReached: 1, maxErrors: 0.2, minReports: 3, onErrors: "roll-back" };
    const config = sampleConfig({ gates: { install, metrics: [] }, rollBackUpToPercent: 0 });
    const driver = new MachineDriver(config).started(TEN);

    driver.reports(TEN.slice(0, 3), "failed");

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "error-threshold" });
  });

  test("R4: errors after the wave has passed are counted, and pause the rollout", () => {
    const install = { minSuccess: 0.8, minReached: 1, maxErrors: 0.1, minReports: 1 };
    const driver = new MachineDriver(sampleConfig({ gates: { install, metrics: [] } })).started(TEN).see(TEN);
    driver.reports(TEN.slice(0, 8), "committed");
    driver.open(1, devicesOf(10, 10));

    driver.reports(TEN.slice(8), "failed");

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "error-threshold" });
    expect(driver.wave(0)).toBe("passed");
  });

  test("R5: a wave whose devices are all gone is over, and an empty one is a success", () => {
    const driver = new MachineDriver().started(TEN);

    driver.step({ type: "members-changed", atMs: driver.nowMs, joined: [], removed: TEN });
    expect(driver.wave(0)).toBe("passed");

    driver.open(1, []);
    expect(driver.state.phase).toBe("completed");
  });

  test("R6: resumed after too many errors, the next wave starts and the failed devices stay failed", () => {
    const driver = new MachineDriver().started(TEN);
    driver.report(TEN[0]!, "failed");
    expect(driver.state.phase).toBe("paused");

    driver.command("resume");

    expect(driver.wave(0)).toBe("passed");
    expect(driver.effects).toContainEqual({ type: "open-wave", wave: 1 });
    expect(driver.stateOf(TEN[0]!)).toBe("failed");
    driver.command("retry-failed");
    expect(driver.state.targets.get(TEN[0]!)).toMatchObject({ state: "queued", attempt: 2 });
  });

  test("R12: three failures of five go on while ten reports are wanted; above a fifth of ten it pauses", () => {
    const install = { minSuccess: 0.9, minReached: 1, maxErrors: 0.2, minReports: 10 };
    const driver = new MachineDriver(sampleConfig({ gates: { install, metrics: [] } })).started(
      devicesOf(20),
    );

    driver.reports(devicesOf(3), "failed");
    driver.reports(devicesOf(2, 3), "committed");
    expect(driver.state.phase).toBe("running");

    driver.reports(devicesOf(5, 5), "committed");
    expect(driver.state.phase).toBe("paused");
  });

  test("devices that are offline count in neither share; the wave waits until enough of it was reached", () => {
    const install = { minSuccess: 1, minReached: 0.5, maxErrors: 0, minReports: 1 };
    const driver = new MachineDriver(sampleConfig({ gates: { install, metrics: [] } })).started(TEN);

    driver.reports(TEN.slice(0, 4), "committed");
    expect(driver.wave(0)).toBe("filling");
    driver.report(TEN[4]!, "committed");
    expect(driver.wave(0)).toBe("passed");
  });

  test("a wave that nobody works on and that does not pass is inconclusive at its deadline", () => {
    const driver = new MachineDriver().started(TEN);
    driver.reports(TEN.slice(0, 5), "committed");
    driver.tick();

    driver.tick(10 * MINUTE_MS - 1);
    expect(driver.state.phase).toBe("running");
    driver.tick(1);
    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "inconclusive" });
    expect(driver.wave(0)).toBe("inconclusive");
  });

  test("a soak lasts as long as it says", () => {
    const waves = [{ name: "first", percent: 100, soakMs: 3_600_000 }];
    const driver = new MachineDriver(sampleConfig({ waves })).started(TEN);
    driver.reports(TEN, "committed");

    driver.tick(3_599_999);
    expect(driver.wave(0)).toBe("soaking");
    driver.tick(1);
    expect(driver.state.phase).toBe("completed");
  });

  test("a manual wave waits for a person, whose name is in the history", () => {
    const waves = [{ name: "first", percent: 100, soakMs: 0, isManual: true }];
    const driver = new MachineDriver(sampleConfig({ waves })).started(TEN);
    driver.reports(TEN, "committed");
    expect(driver.wave(0)).toBe("waiting-promotion");

    driver.command("promote", "grace");

    expect(driver.state.phase).toBe("completed");
    expect(driver.state.history).toContainEqual(
      expect.objectContaining({ actor: "grace", event: "wave 1 passed" }),
    );
  });
});

describe("who may do what when", () => {
  test("R7: a start is refused before the approval and after a denial, and an edit voids an approval", () => {
    const driver = new MachineDriver(sampleConfig({ needsApproval: true }));
    expect(codeOf(() => checkCommand(driver.state, "start"))).toBe("APPROVAL_REQUIRED");

    driver.command("approve", "grace");
    expect(codeOf(() => checkCommand(driver.state, "start"))).toBeNull();
    const config = sampleConfig({ needsApproval: true, note: "another plan" });
    driver.step({ type: "edited", atMs: driver.nowMs, actor: "ada", config });
    expect(driver.state).toMatchObject({ phase: "waiting-approval", approvedBy: null });

    driver.command("deny", "grace");
    expect(codeOf(() => checkCommand(driver.state, "start"))).toBe("ROLLOUT_STATE_CONFLICT");
  });

  test("R8: a promotion before anything runs is refused and changes nothing", () => {
    const driver = new MachineDriver();

    expect(codeOf(() => checkCommand(driver.state, "promote"))).toBe("ROLLOUT_STATE_CONFLICT");
    const before = driver.state;
    driver.command("promote");
    expect(driver.state).toBe(before);
  });

  test("a rollback without a version to go back to is refused", () => {
    const driver = new MachineDriver(sampleConfig(), null).started(TEN);

    expect(codeOf(() => checkCommand(driver.state, "rollback"))).toBe("ROLLOUT_STATE_CONFLICT");
  });
});

describe("pace", () => {
  test.each([
    [0, 50],
    [999, 50],
    [1000, 100],
    [2000, 200],
    [3000, 400],
    [9000, 400],
  ])("R11: with %i committed devices %i are told in a minute", (numCommitted, expected) => {
    const { state } = new MachineDriver(sampleConfig({ rate }));

    expect(ratePerMinute({ ...state, numCommitted })).toBe(expected);
  });

  test("R11: no sliding minute has more than the rate", () => {
    const driver = new MachineDriver(sampleConfig({ rate })).started(devicesOf(200));
    expect(driver.take("tell")).toHaveLength(50);

    driver.tick(59_999);
    expect(driver.take("tell")).toHaveLength(0);
    driver.tick(1);
    expect(driver.take("tell")).toHaveLength(50);
  });

  test("R15: with the window closed nobody new starts while those under way go on, and the next window resumes", () => {
    const perMinute = { basePerMinute: 5, factor: 1, growAt: 1, maxPerMinute: 5 };
    const driver = new MachineDriver(sampleConfig({ rate: perMinute })).started(TEN);
    expect(driver.take("tell")).toHaveLength(5);

    driver.isWindowOpen = false;
    driver.tick(MINUTE_MS);
    expect(driver.take("tell")).toHaveLength(0);
    const [underWay] = [...driver.state.targets.entries()].find(([, { state }]) => state === "told")!;
    driver.report(underWay, "committed");
    expect(driver.stateOf(underWay)).toBe("committed");

    driver.isWindowOpen = true;
    driver.tick(MINUTE_MS);
    expect(driver.take("tell")).toHaveLength(5);
  });

  test("a scheduled rollout starts at its time and not before", () => {
    const schedule = { startAtMs: START_MS + 5000, windows: [] };
    const driver = new MachineDriver(sampleConfig({ schedule }));
    driver.command("start");
    driver.tick(4999);
    expect(driver.state.phase).toBe("scheduled");

    driver.tick(1);
    expect(driver.state.phase).toBe("running");
  });

  test("R13: an attempt has timed out at its bound, and not a millisecond before", () => {
    const driver = new MachineDriver().started(TEN);
    driver.tick(5 * MINUTE_MS);
    driver.report(TEN[0]!, "downloading");

    driver.tick(20 * MINUTE_MS - 1);
    expect(driver.stateOf(TEN[0]!)).toBe("installing");
    driver.tick(1);
    expect(driver.state.targets.get(TEN[0]!)).toMatchObject({
      state: "timed-out",
      code: "INSTALL_TIMED_OUT",
    });
  });

  test("R14: three failures and then a success are a commit at the fourth attempt; a rejection is not retried", () => {
    const install = { minSuccess: 1, minReached: 1, maxErrors: 1, minReports: 1 };
    const driver = new MachineDriver(
      sampleConfig({ maxAttempts: 4, gates: { install, metrics: [] } }),
    ).started(TEN);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      driver.report(TEN[0]!, "failed");
      driver.tick();
    }
    driver.report(TEN[0]!, "committed");
    driver.report(TEN[1]!, "rejected");
    driver.tick();

    expect(driver.state.targets.get(TEN[0]!)).toMatchObject({ state: "committed", attempt: 4 });
    expect(driver.state.targets.get(TEN[1]!)).toMatchObject({ state: "rejected", attempt: 1 });
  });
});

describe("devices", () => {
  test("R18: a newcomer joins the open wave and is not counted into a closed one", () => {
    const driver = new MachineDriver().started(TEN);
    driver.reports(TEN, "committed");
    driver.open(1, devicesOf(10, 10));

    const [late] = devicesOf(1, 20);
    driver.step({ type: "members-changed", atMs: driver.nowMs, joined: [late!], removed: [] });
    driver.tick();

    expect(driver.state.targets.get(late!)).toMatchObject({ wave: 1, state: "told" });
    expect(driver.state.waves.map(({ numTargets }) => numTargets)).toEqual([10, 11]);
  });

  test("R1: a device of an earlier wave stays there when a later one finds it again", () => {
    const driver = new MachineDriver().started(TEN);
    driver.reports(TEN, "committed");

    driver.open(1, devicesOf(20));

    expect(driver.state.waves.map(({ numTargets }) => numTargets)).toEqual([10, 10]);
    expect(driver.stateOf(TEN[0]!)).toBe("committed");
  });

  test("R31: doubled and older reports change nothing", () => {
    const driver = new MachineDriver().started(TEN);
    driver.report(TEN[0]!, "probation", { step: 5 });
    const { state } = driver;

    driver.report(TEN[0]!, "probation", { step: 5 });
    driver.report(TEN[0]!, "downloading", { step: 2 });
    driver.report(TEN[0]!, "failed", { step: 9, attempt: 7 });
    driver.report(TEN[0]!, "failed", { step: 9, releaseCounter: 99 });

    expect(driver.state).toBe(state);
  });

  test("R31: what is final stays so, whatever comes after", () => {
    const driver = new MachineDriver().started(TEN);
    driver.report(TEN[0]!, "committed", { step: 3 });

    driver.report(TEN[0]!, "failed", { step: 4 });

    expect(driver.stateOf(TEN[0]!)).toBe("committed");
  });

  test("R31: but a version that was left later, for the device's data, counts as failed, and is not tried again", () => {
    const driver = new MachineDriver(sampleConfig({ maxAttempts: 3 })).started(TEN);
    driver.report(TEN[0]!, "committed", { step: 3 });

    driver.report(TEN[0]!, "rolling-back", { step: 4, code: "DATA_DRIFTED" });
    expect(driver.stateOf(TEN[0]!)).toBe("committed");
    driver.report(TEN[0]!, "rolled-back", { step: 5, code: "DATA_DRIFTED" });

    expect(driver.state.targets.get(TEN[0]!)).toMatchObject({
      ...{ state: "rolled-back", code: "DATA_DRIFTED", attempt: 1 },
    });
    expect(driver.state.numCommitted).toBe(0);
  });

  test("R9: a newer release supersedes what is not installed, and leaves what is", () => {
    const driver = new MachineDriver().started(TEN);
    driver.report(TEN[0]!, "committed");
    driver.report(TEN[1]!, "downloading");

    driver.step({ type: "replaced", atMs: driver.nowMs, devices: TEN.slice(0, 3), by: "rollout newer" });

    expect(TEN.slice(0, 4).map((each) => driver.stateOf(each))).toEqual([
      "committed",
      "superseded",
      "superseded",
      "told",
    ]);
  });

  test("R34: a stuck device is over after its time, and the wave goes on without it", () => {
    const install = { minSuccess: 0.8, minReached: 1, maxErrors: 0.2, minReports: 10 };
    const driver = new MachineDriver(sampleConfig({ gates: { install, metrics: [] } })).started(TEN);
    driver.reports(TEN.slice(0, 7), "committed");
    driver.reports(TEN.slice(7), "downloading");

    driver.tick(20 * MINUTE_MS);

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "error-threshold" });
    expect(driver.state.waves[0]?.byState).toEqual({ committed: 7, "timed-out": 3 });
  });
});
