import { describe, expect, test } from "vitest";
import { DEFAULT_POLICY, reasonsAgainst, type HostFacts, type TrainingPolicy } from "./training-policy.js";

const good: HostFacts = {
  isCharging: true,
  isMetered: false,
  isHidden: false,
  lastInputAtMs: 0,
  freeBytes: 1e9,
  isPersisted: true,
};
const reasons = (
  facts: Partial<HostFacts>,
  policy: Partial<TrainingPolicy> = {},
  nowMs = 10_000,
): readonly string[] => reasonsAgainst({ ...good, ...facts }, { ...DEFAULT_POLICY, ...policy }, nowMs);

describe("a page may train", () => {
  test("when it charges, has not been used for ten seconds, pays nothing for bytes and has room", () => {
    expect(reasons({})).toEqual([]);
  });

  test("when the browser tells none of that", () => {
    expect(reasons({ isCharging: null, isMetered: null, freeBytes: null })).toEqual([]);
  });

  test.each<[string, Partial<HostFacts>]>([
    ["on battery", { isCharging: false }],
    ["on a metered connection", { isMetered: true }],
    ["in use", { lastInputAtMs: 1 }],
    ["little storage left", { freeBytes: 49_999_999 }],
  ])("not %s", (reason, facts) => {
    expect(reasons(facts)).toEqual([reason]);
  });

  test("not in the background where the policy says so", () => {
    expect([reasons({ isHidden: true }), reasons({ isHidden: true }, { allowsHidden: false })]).toEqual([
      [],
      ["in the background"],
    ]);
  });

  test("on battery and on a metered connection where the policy allows both", () => {
    const facts = { isCharging: false, isMetered: true };

    expect(reasons(facts, { needsCharging: false, allowsMetered: true })).toEqual([]);
    expect(reasons(facts)).toEqual(["on battery", "on a metered connection"]);
  });
});

test("storage that may be cleared stands against a training where the policy needs it kept", () => {
  const facts = [true, null, false].map((isPersisted) =>
    reasons({ isPersisted }, { needsPersistence: true }),
  );

  expect([...facts, reasons({ isPersisted: false })]).toEqual([[], [], ["storage may be cleared"], []]);
});
