import { describe, expect, test } from "vitest";
import { resumeEffects, stepRollout } from "./rollout-machine.js";
import { replay } from "./rollout-shelf.js";
import { MINUTE_MS, MachineDriver, START_MS, devicesOf, sampleConfig } from "./testing/sample-rollout.js";

const TEN = devicesOf(10);

describe("stops and ways back", () => {
  test("I4: paused, nobody leaves the queue; those under way go on", () => {
    const perMinute = { basePerMinute: 5, factor: 1, growAt: 1, maxPerMinute: 5 };
    const driver = new MachineDriver(sampleConfig({ rate: perMinute })).started(TEN);
    driver.take("tell");

    driver.command("pause");
    driver.tick(10 * MINUTE_MS);

    expect(driver.take("tell")).toEqual([]);
    driver.report(TEN[0]!, "committed");
    expect(driver.stateOf(TEN[0]!)).toBe("committed");
  });

  test("R23: an abort cancels the queue, recalls whoever was not heard of, and lets the others finish", () => {
    const perMinute = { basePerMinute: 3, factor: 1, growAt: 1, maxPerMinute: 3 };
    const driver = new MachineDriver(sampleConfig({ rate: perMinute })).started(TEN);
    driver.report(TEN[0]!, "committed");
    driver.report(TEN[1]!, "downloading");

    driver.command("abort");

    expect(driver.state.phase).toBe("aborting");
    expect(driver.take("tell-back")).toEqual([TEN[2]]);
    expect(TEN.slice(0, 4).map((each) => driver.stateOf(each))).toEqual([
      "committed",
      "installing",
      "canceled",
      "canceled",
    ]);
    driver.report(TEN[1]!, "committed");
    expect(driver.state.phase).toBe("aborted");
  });

  test("R23: with `cancel`, devices in the middle of it are called back as well", () => {
    const driver = new MachineDriver(sampleConfig({ onAbort: "cancel" })).started(TEN);
    driver.report(TEN[0]!, "committed");
    driver.report(TEN[1]!, "probation");

    driver.command("abort");

    expect(driver.take("tell-back")).toContain(TEN[1]);
    expect(driver.take("tell-back")).not.toContain(TEN[0]);
    driver.report(TEN[1]!, "canceled");
    expect(driver.state.phase).toBe("aborted");
  });

  test("a rollback is a new release with a higher counter, told to everyone who was told and nobody else", () => {
    const perMinute = { basePerMinute: 3, factor: 1, growAt: 1, maxPerMinute: 3 };
    const driver = new MachineDriver(sampleConfig({ rate: perMinute })).started(TEN);
    driver.reports(TEN.slice(0, 2), "committed");

    driver.command("rollback");

    expect(driver.state.backCounter).toBeGreaterThan(driver.state.counters[2] ?? 0);
    expect([...driver.take("tell-back")].sort()).toEqual(TEN.slice(0, 3));
    driver.reportBack(TEN.slice(0, 2));
    expect(driver.state.phase).toBe("rolling-back");
    driver.reportBack(TEN.slice(2, 3));
    expect(driver.state.phase).toBe("rolled-back");
  });

  test("a device that does not come back in time leaves the rollback incomplete, until it does", () => {
    const driver = new MachineDriver().started(TEN.slice(0, 2));
    driver.reports(TEN.slice(0, 2), "committed");
    driver.command("rollback");
    driver.reportBack(TEN.slice(0, 1));

    driver.tick(20 * MINUTE_MS);
    expect(driver.state.phase).toBe("rollback-incomplete");
    driver.step({ type: "seen", atMs: driver.nowMs, deviceId: TEN[1]!, serves: 1 });
    expect(driver.state.phase).toBe("rolled-back");
  });

  test("R21: a metric that fails in a wave of 1 % rolls back by itself, and the history says why", () => {
    const gate = { metric: "prediction-error", tolerance: { absolute: 0.02 }, minSample: 10, alpha: 0.05 };
    const waves = [
      { name: "canary", percent: 1, soakMs: MINUTE_MS },
      { name: "all", percent: 100, soakMs: 0 },
    ];
    const config = sampleConfig({ waves, gates: { ...sampleConfig().gates, metrics: [gate] } });
    const driver = new MachineDriver(config).started(TEN);
    driver.reports(TEN, "committed");

    driver.step({ type: "looked", atMs: driver.nowMs, wave: 0, gates: [failing("12 % wrong against 4 %")] });

    expect(driver.state.phase).toBe("rolling-back");
    expect(driver.take("tell-back")).toHaveLength(10);
    expect(driver.state.history.find(({ event }) => event === "rolling back")?.reason).toContain(
      "12 % wrong against 4 %",
    );
    driver.reportBack(TEN);
    expect(driver.state.phase).toBe("rolled-back");
    expect(driver.wave(1)).toBe("pending");
  });

  test("a metric that fails in a large wave pauses, and a person decides", () => {
    const gate = { metric: "error-rate", tolerance: { absolute: 0 }, minSample: 10, alpha: 0.05 };
    const config = sampleConfig({ gates: { ...sampleConfig().gates, metrics: [gate] } });
    const driver = new MachineDriver(config).started(TEN);
    driver.reports(TEN, "committed");

    driver.step({ type: "looked", atMs: driver.nowMs, wave: 0, gates: [failing("worse")] });

    // Ten devices of a hundred were told: ten per cent is above five.
    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "metric-failed" });
  });
});

function failing(reason: string) {
  return { ...gateOf("fail"), reason };
}

function gateOf(verdict: "pass" | "fail" | "inconclusive" | "error") {
  return {
    ...{
      gate: "error-rate",
      segment: null,
      verdict,
      reason: verdict,
      value: 0.1,
      control: 0.05,
      interval: null,
    },
    ...{ sample: 100, controlSample: 100, minSample: 10, limit: 0.06, checkedAtMs: START_MS },
  };
}

describe("R20: verdicts of metrics", () => {
  const gate = { metric: "error-rate", tolerance: { absolute: 0 }, minSample: 10, alpha: 0.05 };
  const analysed = (change: object = {}): MachineDriver => {
    const analysis = { ...sampleConfig().analysis, ...change };
    const waves = [{ name: "all", percent: 100, soakMs: MINUTE_MS }];
    const config = sampleConfig({ waves, analysis, gates: { ...sampleConfig().gates, metrics: [gate] } });
    const driver = new MachineDriver(config).started(TEN);
    driver.reports(TEN, "committed");
    driver.tick(MINUTE_MS);
    return driver;
  };
  const look = (driver: MachineDriver, ...verdicts: Parameters<typeof gateOf>[0][]): void => {
    const gates = verdicts.map((verdict, at) => ({ ...gateOf(verdict), gate: `gate-${at}` }));
    driver.step({ type: "looked", atMs: driver.nowMs, wave: 0, gates });
  };

  test("a failure beats a success that was seen beside it", () => {
    const driver = analysed();
    look(driver, "pass", "fail");
    expect(driver.state.pauseReason).toBe("metric-failed");
  });

  test("failures up to the limit are borne", () => {
    const driver = analysed({ failureLimit: 1 });
    look(driver, "fail");
    expect(driver.state.phase).toBe("running");
    look(driver, "fail");
    expect(driver.state.pauseReason).toBe("metric-failed");
  });

  test("four errors in succession are borne, the fifth pauses and rolls nothing back", () => {
    const driver = analysed();
    for (let time = 1; time <= 4; time += 1) look(driver, "error");
    expect(driver.state.phase).toBe("running");
    look(driver, "error");
    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "metric-error", backCounter: null });
  });

  test("an answer between errors begins their count anew", () => {
    const driver = analysed();
    for (let time = 1; time <= 4; time += 1) look(driver, "error");
    look(driver, "inconclusive");
    for (let time = 1; time <= 4; time += 1) look(driver, "error");
    expect(driver.state.phase).toBe("running");
  });

  test("R22: a store of metrics that is out pauses after its errors and never rolls back", () => {
    const driver = analysed();
    for (let time = 1; time <= 9; time += 1) look(driver, "error");
    expect(driver.state.phase).toBe("paused");
    expect(driver.take("tell-back")).toEqual([]);
  });

  test("what stays inconclusive waits until the deadline, and then pauses", () => {
    const driver = analysed();
    look(driver, "inconclusive");
    driver.tick(10 * MINUTE_MS - 1);
    expect(driver.state.phase).toBe("running");
    driver.tick(1);
    expect(driver.state).toMatchObject({ phase: "paused", pauseReason: "inconclusive" });
  });

  test("only passes promote", () => {
    const driver = analysed();
    look(driver, "pass", "inconclusive");
    expect(driver.wave(0)).toBe("analysing");
    look(driver, "pass", "pass");
    expect(driver.state.phase).toBe("completed");
  });
});

describe("kills of the server", () => {
  const story = (): MachineDriver => {
    const driver = new MachineDriver().started(TEN).see(TEN);
    driver.reports(TEN.slice(0, 8), "committed");
    return driver;
  };

  test("I9: a replayed journal gives the state that wrote it", () => {
    const driver = story();
    driver.open(1, devicesOf(10, 10));
    driver.reports(devicesOf(10, 10), "committed");

    expect(driver.state.phase).toBe("completed");
    expect(replay(driver.journal)).toEqual(driver.state);
  });

  test("R32: killed between a passed wave and the next, the next starts once", () => {
    const driver = story();
    const resumed = replay(driver.journal);

    expect(resumed === null ? [] : resumeEffects(resumed)).toEqual([{ type: "open-wave", wave: 1 }]);
    driver.open(1, devicesOf(10, 10));
    const { state } = driver;
    driver.open(1, devicesOf(10, 20));
    expect(driver.state).toBe(state);
  });

  test("killed before the release of a rollback was recorded, it is recorded after the start", () => {
    const driver = story();
    const killed = stepRollout(driver.state, {
      ...{ type: "command", atMs: driver.nowMs, actor: "ada", command: "rollback", reason: "bad" },
    }).state;

    expect(resumeEffects(killed)).toEqual([{ type: "sign-release", purpose: "back", version: 1 }]);
  });
});
