import { describe, expect, test } from "vitest";
import { hasLapsed, nextOpeningMs } from "./maintenance-windows.js";
import type { RolloutConfig } from "./rollout-config.js";
import type { GateView } from "./rollout-view.js";
import { viewOf } from "./rollout-view-of.js";
import { MINUTE_MS, MachineDriver, START_MS, devicesOf, sampleConfig } from "./testing/sample-rollout.js";

const TEN = devicesOf(10);
const analysis = (change: object) => ({ analysis: { ...sampleConfig().analysis, ...change } });
const install = (change: object) => ({
  gates: { install: { ...sampleConfig().gates.install, ...change }, metrics: [] },
});

describe("failures that end a rollout", () => {
  const abort = { atErrors: 0.2, minReports: 10 };
  const bearing = install({ minSuccess: 0.9, maxErrors: 1, abort });

  test("R12: three failures of five go on while ten reports are wanted", () => {
    const driver = new MachineDriver(sampleConfig(bearing)).started(devicesOf(20));
    driver.reports(devicesOf(3), "failed");
    driver.reports(devicesOf(2, 3), "committed");

    expect(driver.state.phase).toBe("running");
  });

  test("R12: two of ten end it: the queue is canceled, those in the middle of it finish, and each has its state", () => {
    const rate = { basePerMinute: 12, factor: 1, growAt: 1000, maxPerMinute: 12 };
    const devices = devicesOf(20);
    const driver = new MachineDriver(sampleConfig({ ...bearing, rate })).started(devices).see(devices);
    driver.reports(devices.slice(10, 12), "probation");
    driver.reports(devices.slice(0, 2), "failed");
    driver.reports(devices.slice(2, 9), "committed");
    expect(driver.state.phase).toBe("running");

    driver.report(devices[9]!, "committed");

    expect(driver.state.phase).toBe("aborting");
    expect(driver.state.reason).toContain("2 of 10 reports failed (20 %)");
    expect(driver.state.waves[0]?.byState).toEqual({ failed: 2, committed: 8, probation: 2, canceled: 8 });
    driver.reports(devices.slice(10, 12), "committed");
    expect(driver.state.phase).toBe("aborted");
    expect(driver.state.waves[0]?.byState).toEqual({ failed: 2, committed: 10, canceled: 8 });
  });

  test("failures that a person resumed in spite of do not end it afterwards", () => {
    const gates = install({ maxErrors: 0.2, minReports: 1, abort: { atErrors: 0.2, minReports: 2 } });
    const driver = new MachineDriver(sampleConfig(gates)).started(TEN).see(TEN);
    driver.report(TEN[0]!, "failed");
    expect(driver.state.phase).toBe("paused");
    driver.command("resume");
    driver.report(TEN[1]!, "committed");

    expect(driver.state.phase).toBe("running");
  });
});

describe("the step timer of an attempt", () => {
  const minutes = { downloading: 7 * MINUTE_MS, verifying: 5 * MINUTE_MS, activating: 9 * MINUTE_MS };
  const begun = (): MachineDriver =>
    new MachineDriver(sampleConfig({ stepTimeoutsMs: minutes })).started(TEN).see(TEN);
  const stateAt = (driver: MachineDriver, afterMs: number): string | undefined => {
    driver.tick(afterMs);
    return driver.stateOf(TEN[0]!);
  };

  test("R13: started 12:00 with 20 minutes, a step of 7 minutes begun 12:05 is due 12:12", () => {
    const driver = begun();
    driver.tick(5 * MINUTE_MS);
    driver.report(TEN[0]!, "downloading");

    expect(stateAt(driver, 7 * MINUTE_MS - 1)).toBe("installing");
    expect(stateAt(driver, 1)).toBe("timed-out");
  });

  test("R13: replaced 12:10 by one of 5 minutes it is due 12:15", () => {
    const driver = begun();
    driver.tick(5 * MINUTE_MS);
    driver.report(TEN[0]!, "downloading");
    driver.tick(5 * MINUTE_MS);
    driver.report(TEN[0]!, "verifying");

    expect(stateAt(driver, 5 * MINUTE_MS - 1)).toBe("installing");
    expect(stateAt(driver, 1)).toBe("timed-out");
    expect(driver.state.targets.get(TEN[0]!)).toMatchObject({
      code: "INSTALL_TIMED_OUT",
      stepDeadlineAtMs: null,
    });
  });

  test("R13: replaced before 12:15 by one of 9 minutes it is due 12:20, capped by the bound in progress", () => {
    const driver = begun();
    driver.tick(5 * MINUTE_MS);
    driver.report(TEN[0]!, "downloading");
    driver.tick(5 * MINUTE_MS);
    driver.report(TEN[0]!, "verifying");
    driver.tick(4 * MINUTE_MS);
    driver.report(TEN[0]!, "activating");

    expect(stateAt(driver, 6 * MINUTE_MS - 1)).toBe("installing");
    expect(stateAt(driver, 1)).toBe("timed-out");
  });
});

describe("the timer of a wave", () => {
  const timed = (change: object = {}, more: object = {}): MachineDriver =>
    new MachineDriver(
      sampleConfig({ ...analysis({ waveTimeoutMs: 15 * MINUTE_MS, ...change }), ...more }),
    ).started(TEN);

  test("R13: a wave that has neither passed nor failed in its time is inconclusive and pauses, and not a millisecond before", () => {
    const driver = timed().see(TEN);
    driver.reports(TEN.slice(0, 7), "committed");

    driver.tick(15 * MINUTE_MS - 1);
    expect(driver.state.phase).toBe("running");
    driver.tick(1);

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "inconclusive" });
    expect(driver.wave(0)).toBe("inconclusive");
    expect(driver.state.reason).toContain("neither passed nor failed within 900 s");
    expect(driver.state.reason).toContain("7 of 10 reached devices committed");
  });

  test("counts anew from a resumption", () => {
    const driver = timed().see(TEN);
    driver.tick(15 * MINUTE_MS);
    driver.command("resume");

    driver.tick(5 * MINUTE_MS - 1);
    expect(driver.state.phase).toBe("running");
  });

  test("ends the rollout where the plan says so", () => {
    const driver = timed({ onInconclusive: "abort" });

    driver.tick(15 * MINUTE_MS);

    expect(driver.state.phase).toBe("aborted");
    expect(driver.state.history.map(({ event }) => event)).toContain("abort");
  });

  test("stands while devices wait for their window, and counts anew when it opens", () => {
    const rate = { basePerMinute: 5, factor: 1, growAt: 1000, maxPerMinute: 5 };
    const driver = timed({}, { rate });
    driver.isWindowOpen = false;
    driver.tick(30 * MINUTE_MS);
    expect(driver.state.phase).toBe("running");
    expect(viewOf(driver.state).reason).toContain("waits for its maintenance window");

    driver.isWindowOpen = true;
    driver.tick(MINUTE_MS);
    expect(driver.state.phase).toBe("running");
    expect(driver.state.queue).toEqual([]);
    driver.tick(15 * MINUTE_MS);
    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "inconclusive" });
  });
});

describe("gates that stay undecided", () => {
  const gate = { metric: "error-rate", tolerance: { absolute: 0.01 }, minSample: 10, alpha: 0.05 };
  const undecided: GateView = {
    ...{ gate: "error-rate", segment: null, verdict: "inconclusive", reason: "chance", value: 0.02 },
    ...{ control: 0.02, interval: [-0.02, 0.02], sample: 50, controlSample: 50, minSample: 10, limit: 0.03 },
    checkedAtMs: START_MS,
  };
  const soaked = (policy: object): MachineDriver => {
    const waves = [{ name: "all", percent: 100, soakMs: MINUTE_MS }];
    const gates = { ...sampleConfig().gates, metrics: [gate] };
    const driver = new MachineDriver(sampleConfig({ waves, gates, ...analysis(policy) })).started(TEN);
    driver.reports(TEN, "committed");
    driver.tick(MINUTE_MS);
    return driver;
  };
  const look = (driver: MachineDriver, change: Partial<GateView> = {}): void => {
    driver.step({ type: "looked", atMs: driver.nowMs, wave: 0, gates: [{ ...undecided, ...change }] });
  };

  test("R20: wait until the deadline and pause then, for all that the estimate says", () => {
    const driver = soaked({});
    look(driver);
    driver.tick(10 * MINUTE_MS - 1);
    expect(driver.state.phase).toBe("running");
    driver.tick(1);

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "inconclusive" });
  });

  test("go on with the estimate where the plan accepts it, and the history says so", () => {
    const driver = soaked({ onInconclusive: "accept-estimate", estimateAfterMs: MINUTE_MS });
    look(driver);
    driver.tick(MINUTE_MS - 1);
    expect(driver.state.phase).toBe("running");
    driver.tick(1);

    expect(driver.state.phase).toBe("completed");
    expect(driver.state.history.find(({ event }) => event === "wave 1 passed")?.reason).toContain(
      "the plan takes estimates within their limits for enough: error-rate",
    );
  });

  test.each([
    ["an estimate beyond the limit", { value: 0.031 }],
    ["too small a sample", { sample: 9 }],
    ["no number", { value: null }],
    ["an error of the gate", { verdict: "error" as const }],
  ])("pause with %s, whatever the plan accepts", (_what, change) => {
    const driver = soaked({ onInconclusive: "accept-estimate", estimateAfterMs: 0 });
    look(driver, change);
    driver.tick(10 * MINUTE_MS);

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "inconclusive" });
  });
});

describe("a schedule that ends", () => {
  const windows = [{ days: [6], startMinute: 120, durationMinutes: 60, timeZone: "UTC" }];
  const at = (iso: string): number => Date.parse(iso);
  const lapse = (driver: MachineDriver): void => {
    driver.step({ type: "tick", atMs: driver.nowMs, isWindowOpen: false, isLapsed: true });
  };
  const rate = { basePerMinute: 4, factor: 1, growAt: 1000, maxPerMinute: 4 };
  const schedule = (onEnd?: RolloutConfig["schedule"]["onEnd"]) => ({
    schedule: {
      startAtMs: null,
      windows: [],
      endAtMs: START_MS + MINUTE_MS,
      ...(onEnd === undefined ? {} : { onEnd }),
    },
  });

  test("the next window of a weekly one is the next week's once this week's has begun", () => {
    // 2026-11-28 is a Saturday.
    expect(nextOpeningMs(windows, at("2026-11-28T01:59:59Z"))).toBe(at("2026-11-28T02:00:00Z"));
    expect(nextOpeningMs(windows, at("2026-11-28T02:00:00Z"))).toBe(at("2026-12-05T02:00:00Z"));
    expect(nextOpeningMs([], at("2026-11-28T02:00:00Z"))).toBeNull();
  });

  test.each([
    ["2026-11-28T02:59:59Z", false, "the last window is open"],
    ["2026-11-28T03:00:00Z", true, "no window comes before the end"],
    ["2026-11-27T12:00:00Z", false, "a window is to come"],
    ["2026-12-04T00:00:00Z", true, "the end has come"],
  ])("R15: at %s it has lapsed: %s, since %s", (time, expected) => {
    expect(hasLapsed({ windows, endAtMs: at("2026-12-04T00:00:00Z") }, at(time))).toBe(expected);
  });

  test("without an end it never lapses", () => {
    expect(hasLapsed({ windows }, at("2036-12-04T00:00:00Z"))).toBe(false);
  });

  test("R15: lapsed for ever it is cancelled with the reason; who was under way finishes", () => {
    const driver = new MachineDriver(sampleConfig({ rate, ...schedule() })).started(TEN).see(TEN);
    const started = driver.take("tell");
    expect(started).toHaveLength(4);

    lapse(driver);

    expect(driver.state.phase).toBe("aborting");
    expect(driver.state.reason).toBe("its schedule has ended and 6 devices never started");
    driver.reports(
      started.filter((each) => driver.stateOf(each) !== "canceled"),
      "committed",
    );
    driver.tick();
    expect(driver.state.phase).toBe("aborted");
    expect(driver.state.waves[0]?.byState).toMatchObject({ canceled: 6 });
  });

  test("pauses as lapsed where the plan says so, and tells nobody", () => {
    const driver = new MachineDriver(sampleConfig({ rate, ...schedule("pause") })).started(TEN);
    driver.take("tell");

    lapse(driver);
    lapse(driver);

    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "lapsed" });
    expect(driver.state.history.filter(({ event }) => event === "paused: lapsed")).toHaveLength(1);
    expect(driver.take("tell")).toEqual([]);
  });

  test("one that waited for its time and never began is cancelled too", () => {
    const startAtMs = START_MS + 5000;
    const driver = new MachineDriver(
      sampleConfig({ schedule: { startAtMs, windows: [], endAtMs: startAtMs + 1 } }),
    );
    driver.command("start");

    lapse(driver);

    expect(driver.state.phase).toBe("aborted");
  });

  test("with everyone started it goes on to its end; only a further attempt does not begin", () => {
    const waves = [{ name: "all", percent: 100, soakMs: 0 }];
    const driver = new MachineDriver(sampleConfig({ waves, maxAttempts: 2, ...schedule() }))
      .started(TEN)
      .see(TEN);
    driver.report(TEN[0]!, "failed");
    expect(driver.stateOf(TEN[0]!)).toBe("queued");

    lapse(driver);
    expect(driver.state.phase).toBe("running");
    expect(driver.stateOf(TEN[0]!)).toBe("canceled");
    driver.reports(TEN.slice(1), "committed");

    expect(driver.state.phase).toBe("completed");
  });
});
