import type { DeviceId } from "@fedge/protocol";
import type { Verdict } from "@fedge/protocol/profile";
import { expect, test } from "vitest";
import { LocalVerdicts } from "./local-verdicts.js";

const verdicts = new LocalVerdicts();
const judges = (index: number, verdict: Verdict, features: readonly string[]): void =>
  verdicts.note({
    index,
    deviceId: `d${index}` as DeviceId,
    version: 1,
    atMs: 0,
    what: "judges",
    verdict,
    features,
  });

test("counts devices by what they said last, and names the features that most of them name first", () => {
  judges(0, "drift", ["basket"]);
  judges(1, "ok", []);
  judges(1, "drift", ["basket", "country"]);
  judges(2, "drift", ["hour"]);
  judges(2, "ok", []);
  judges(9, "drift", ["country"]);
  const isMeant = (index: number): boolean => index < 9;

  expect(verdicts.count(["drift", "broken_data"], isMeant)).toBe(2);
  expect(verdicts.named(isMeant)).toBe("basket by 2, country by 1");
});
