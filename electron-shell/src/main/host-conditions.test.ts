import { ManualClock } from "@fedge/device-runtime/testing";
import { describe, expect, test } from "vitest";
import { ElectronDouble } from "../testing/electron-double.js";
import { DesktopConditions } from "./host-conditions.js";

const told = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A machine on mains that nobody has used for an hour. */
async function watch(
  change: (electron: ElectronDouble) => void = () => undefined,
  free: number | null = 1e12,
) {
  const electron = new ElectronDouble({ userData: "", fork: () => Promise.reject() as never });
  electron.idleSeconds = 3600;
  change(electron);
  const clock = new ManualClock();
  let numChanges = 0;
  const conditions = new DesktopConditions({
    ...{ power: electron.api.powerMonitor, clock },
    freeBytes: () => (free === null ? Promise.reject(new Error("unknown")) : Promise.resolve(free)),
    onChange: () => (numChanges += 1),
  });
  await told();
  return { electron, clock, conditions, numChanges: () => numChanges };
}

/** The same on Linux, where only the system's files tell of the battery. */
async function watchLinux() {
  const fork = () => Promise.reject() as never;
  const electron = new ElectronDouble({ userData: "", fork, platform: "linux" });
  electron.idleSeconds = 3600;
  const clock = new ManualClock();
  const conditions = new DesktopConditions({
    ...{ power: electron.api.powerMonitor, clock },
    isOnBattery: () => Promise.resolve(electron.isOnBattery),
    ...{ freeBytes: () => Promise.resolve(1e12), onChange: () => undefined },
  });
  await told();
  return { electron, clock, conditions };
}

describe("a desktop may train", () => {
  test("on mains, when nobody has used it for a minute", async () => {
    expect((await watch()).conditions.reasons()).toEqual([]);
  });

  test("not on battery, from the moment that the plug is pulled", async () => {
    const { electron, conditions, numChanges } = await watch();
    electron.tellPower("on-battery");
    const without = conditions.reasons();
    electron.tellPower("on-ac");

    expect([without, conditions.reasons(), numChanges()]).toEqual([["on battery"], [], 2]);
  });

  test("not on the battery that it began on", async () => {
    const { conditions } = await watch((electron) => (electron.isOnBattery = true));

    expect(conditions.reasons()).toEqual(["on battery"]);
  });

  test("not on Linux from half a second after the plug is pulled, of which no event tells", async () => {
    const { electron, clock, conditions } = await watchLinux();
    const before = conditions.reasons();
    electron.isOnBattery = true;
    electron.tellPower("on-battery");
    clock.advance(500);
    await told();
    const without = conditions.reasons();
    electron.isOnBattery = false;
    clock.advance(5000);
    await told();

    expect([before, without, conditions.reasons()]).toEqual([[], ["on battery"], []]);
  });

  test("not on battery where Electron answers when asked, and tells nothing by itself", async () => {
    const { electron, clock, conditions } = await watch();
    electron.isOnBattery = true;
    clock.advance(500);
    await told();

    expect(conditions.reasons()).toEqual(["on battery"]);
  });

  test("not from half a second after its person comes back, and again a minute after the last key", async () => {
    const { electron, clock, conditions, numChanges } = await watch();
    electron.idleSeconds = 0;
    clock.advance(500);
    const during = conditions.reasons();
    electron.idleSeconds = 60;
    clock.advance(60_000);

    expect([during, conditions.reasons(), numChanges()]).toEqual([["in use"], [], 2]);
  });

  test("when it is locked, however lately it was used", async () => {
    const { electron, conditions } = await watch((double) => (double.idleSeconds = 1));
    const before = conditions.reasons();
    electron.tellPower("lock-screen");
    const locked = conditions.reasons();
    electron.tellPower("unlock-screen");

    expect([before, locked, conditions.reasons()]).toEqual([["in use"], [], ["in use"]]);
  });

  test("not while it goes to sleep", async () => {
    const { electron, conditions } = await watch();
    electron.tellPower("suspend");
    const asleep = conditions.reasons();
    electron.tellPower("resume");

    expect([asleep, conditions.reasons()]).toEqual([["going to sleep"], []]);
  });

  test("not with a full disk, but with one that does not tell", async () => {
    const full = await watch(undefined, 1000);
    const silent = await watch(undefined, null);

    expect([full.conditions.reasons(), silent.conditions.reasons()]).toEqual([["little storage left"], []]);
  });

  test("for as long as its person asked for, on battery and in use, but not asleep", async () => {
    const { electron, clock, conditions, numChanges } = await watch((double) => {
      double.isOnBattery = true;
      double.idleSeconds = 0;
    });
    const changesBefore = numChanges();
    conditions.setAside(120_000);
    const asked = conditions.reasons();
    electron.tellPower("suspend");
    const asleep = conditions.reasons();
    electron.tellPower("resume");
    clock.advance(120_000);

    expect([asked, asleep]).toEqual([[], ["going to sleep"]]);
    expect([conditions.reasons(), numChanges() - changesBefore]).toEqual([["on battery", "in use"], 4]);
  });

  test("is not watched any more once closed", async () => {
    const { electron, clock, conditions, numChanges } = await watch();
    conditions.close();
    await told();
    electron.tellPower("on-battery");
    electron.idleSeconds = 0;
    clock.advance(120_000);

    expect([numChanges(), electron.power.numListeners(), clock.numTimers]).toEqual([0, 0, 0]);
  });
});
