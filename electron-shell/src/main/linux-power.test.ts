import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isLinuxOnBattery } from "./linux-power.js";

type Files = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function saidBy(supplies: Files): Promise<boolean | null> {
  const directory = await mkdtemp(join(tmpdir(), "fedge-power-"));
  for (const [name, files] of Object.entries(supplies)) {
    await mkdir(join(directory, name));
    for (const [file, text] of Object.entries(files))
      await writeFile(join(directory, name, file), `${text}\n`);
  }
  return isLinuxOnBattery(directory).finally(() => rm(directory, { recursive: true }));
}

const AC = (online: "0" | "1") => ({ type: "Mains", online });
const BATTERY = (status: string) => ({ type: "Battery", status });
const MOUSE = { type: "Battery", status: "Discharging", scope: "Device" };

describe("a Linux machine's power supplies", () => {
  test.each<readonly [string, Files, boolean | null]>([
    ["a laptop that is plugged in", { AC: AC("1"), BAT0: BATTERY("Charging") }, false],
    ["a full one whose battery claims to discharge", { AC: AC("1"), BAT0: BATTERY("Discharging") }, false],
    ["a laptop whose plug is pulled", { AC: AC("0"), BAT0: BATTERY("Discharging") }, true],
    ["a battery that does not know", { AC: AC("0"), BAT0: BATTERY("Unknown") }, true],
    [
      "a laptop on one of two USB-C ports",
      { A: { type: "USB", online: "0" }, B: { type: "USB", online: "1" }, BAT0: BATTERY("Charging") },
      false,
    ],
    ["a battery alone, discharging", { BAT0: BATTERY("Discharging") }, true],
    ["a battery alone, charging", { BAT0: BATTERY("Charging") }, false],
    ["a desktop with a mouse", { AC: AC("1"), mouse: MOUSE }, null],
    ["a machine on its UPS", { ups: { type: "UPS", status: "Discharging" } }, true],
    ["a machine with no supplies", {}, null],
  ])("of %s", async (_, supplies, isOnBattery) => {
    expect(await saidBy(supplies)).toBe(isOnBattery);
  });

  test("that are told of nowhere are not known", async () => {
    expect(await isLinuxOnBattery("/nowhere/at/all")).toBeNull();
  });
});
