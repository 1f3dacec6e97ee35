import { hasErrorCode, type ModelName } from "@fedge/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sampleDevice } from "../../http/testing/sample-data.js";
import type { DeviceRecord } from "../../store/port.js";
import { deviceFilter } from "./device-filter.js";

const NOW_MS = Date.parse("2026-11-24T12:00:00Z");
const HOUR_MS = 3_600_000;

const served = (versions: Record<string, number>): DeviceRecord["serving"] =>
  Object.fromEntries(
    Object.entries(versions).map(([model, version]) => [
      model as ModelName,
      { version, manifestSha256: null },
    ]),
  );

/** Four devices: a phone's page, an old desktop app, a machine, and one that has enrolled and said nothing yet. */
const FLEET: readonly DeviceRecord[] = [
  sampleDevice(1, {
    ...{ platform: "browser chromium 156", engine: "onnxruntime-web@1.30.0", runtimeVersion: "1.10.0" },
    ...{ lastSeenAtMs: NOW_MS - HOUR_MS, serving: served({ digits: 7, "next-word": 2 }) },
  }),
  sampleDevice(2, {
    ...{ platform: "electron 45", engine: "onnxruntime-node", runtimeVersion: "1.9.3", presence: "offline" },
    ...{ lastSeenAtMs: NOW_MS - 48 * HOUR_MS, serving: served({ digits: 6 }) },
  }),
  sampleDevice(3, {
    ...{ platform: "node 20", engine: "onnxruntime-node", runtimeVersion: "1.10.0-beta.2" },
    ...{ lastSeenAtMs: NOW_MS - 2 * HOUR_MS, serving: served({ "next-word": 3 }), presence: "sleeping" },
  }),
  sampleDevice(4, {
    ...{ platform: "", engine: "", runtimeVersion: "", serving: {}, presence: "lost" },
    ...{ lastSeenAtMs: NOW_MS - 30 * 24 * HOUR_MS },
  }),
];

const found = (filter: string): string[] =>
  FLEET.filter(deviceFilter(filter, NOW_MS)).map(({ deviceId }) => deviceId.replace("device-", ""));

function errorOf(filter: string): { readonly message: string; readonly at: unknown } {
  try {
    deviceFilter(filter, NOW_MS);
  } catch (error) {
    const { message, details, code } = error as Error & { code: string; details: { at: unknown } };
    if (code === "FILTER_INVALID") return { message, at: details.at };
    throw error;
  }
  throw new Error(`"${filter}" is a filter`);
}

describe("a device filter", () => {
  test.each([
    ["platform == browser*", ["1"]],
    ['platform == "browser chromium 156"', ["1"]],
    ['platform == "browser*"', []],
    ["engine == onnx*@1.*.0", ["1"]],
    ["engine == *", ["1", "2", "3"]],
    ["engine != onnxruntime-node", ["1", "4"]],
    ["id == device-3", ["3"]],
    ["presence in (online, sleeping)", ["1", "3"]],
    ["presence not in (online, sleeping)", ["2", "4"]],
    ["runtime >= 1.10", ["1", "3"]],
    ["runtime < 1.10.0", ["2"]],
    ["runtime == 1.9.3", ["2"]],
    ["serving.digits < 7", ["2"]],
    ["serving.digits in (6, 7)", ["1", "2"]],
    ["serving.digits != 7", ["2", "3", "4"]],
    ["not serving.digits >= 1", ["3", "4"]],
    ["serving.next-word >= 2", ["1", "3"]],
    ["seen < now-24h", ["2", "4"]],
    ["seen >= now-90m", ["1"]],
    ["seen < now-7d", ["4"]],
    ["seen < 2026-11-24T10:30Z", ["2", "3", "4"]],
  ])("%s means %j", (filter, devices) => {
    expect(found(filter)).toEqual(devices);
  });

  test.each([
    ["and binds tighter than or", "id == device-4 or id == device-1 and presence == offline", ["4"]],
    ["brackets come first", "(id == device-4 or id == device-1) and presence == online", ["1"]],
    ["not turns one term round", "not presence == online and not presence == lost", ["2", "3"]],
    ["not turns brackets round", "not (presence == online or presence == lost)", ["2", "3"]],
    ["words may stand on several lines", "presence == online\n or\tpresence == lost", ["1", "4"]],
  ])("%s: %s", (_, filter, devices) => {
    expect(found(filter)).toEqual(devices);
  });

  test.each([
    ["", 0, "a field, not, or ( should stand here"],
    ["platform", 8, "==, !=, <, <=, >, >= or in should stand here"],
    ["platform = browser", 9, 'one "=" compares nothing; write =='],
    ["platform ==", 11, "a value should stand here"],
    ["platform == a;presence == online", 13, '";" joins nothing here; write and'],
    ["platform == a presence == online", 14, "and, or, or the end should stand here"],
    ["(platform == a", 14, "and, or, or ) should stand here"],
    ["platform == a)", 13, "and, or, or the end should stand here"],
    ["presence in online", 12, "( and the values should stand here"],
    ["presence in (online", 19, "a comma, or ) should stand here"],
    ['platform == "a', 12, 'this text has no end; close it with "'],
    ["colour == red", 0, 'devices have no field "colour"'],
    ["serving. == 1", 0, 'devices have no field "serving."'],
    ["platform < b", 0, "platform is a text, and has no order; write ==, != or in"],
    ["serving.digits < seven", 17, '"seven" is no number'],
    ["runtime >= 1.x", 11, '"1.x" is no version such as 1.4 or 1.4.2'],
    ["seen < yesterday", 7, '"yesterday" is no time; write now-30m'],
    ["seen < 1", 7, '"1" is no time'],
  ])("%j is refused at character %i: %s", (filter, at, problem) => {
    const error = errorOf(filter);

    expect(error.at).toBe(at);
    expect(error.message).toContain(problem);
  });

  test("says in one line where a mistake is", () => {
    const excerpt = `colour${"x".repeat(34)}`;

    expect(errorOf(`id == a\nand ${excerpt}xxx == red`).message).toMatch(
      new RegExp(`\\(at character 13, before: ${excerpt}…\\)$`),
    );
    expect(errorOf("id == a and").message).toMatch(/\(at the end of the filter\)$/);
  });

  test("refuses what is too long or too deep before it is read", () => {
    expect(errorOf(`id == ${"a".repeat(2000)}`).message).toContain("at most 2000 characters");
    expect(errorOf(`${"(".repeat(500)}id == a${")".repeat(500)}`).message).toContain("at most 20 brackets");
    expect(errorOf("not ".repeat(400)).message).toContain("at most 20 brackets");
  });

  test("is read or refused with FILTER_INVALID, whatever it holds", () => {
    const words =
      'and or not in ( ) , == != < >= id presence serving.digits runtime seen online 7 1.2 now-1h * " = !';
    const word = fc.constantFrom(...words.split(" "));
    const filters = fc.oneof(
      fc.string(),
      fc.array(word).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(filters, (filter) => {
        try {
          const matches = deviceFilter(filter, NOW_MS);
          for (const device of FLEET) expect(typeof matches(device)).toBe("boolean");
        } catch (error) {
          expect(hasErrorCode(error) && error.code).toBe("FILTER_INVALID");
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("an asterisk means what a regular expression's dot and star mean", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "*"), { minLength: 1, maxLength: 8 });
    const value = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(letters, value, (pattern, text) => {
        const matches = deviceFilter(`platform == ${pattern.join("")}`, NOW_MS);
        const expected = new RegExp(`^${pattern.join("").replaceAll("*", ".*")}$`).test(text.join(""));

        expect(matches(sampleDevice(1, { platform: text.join("") }))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
