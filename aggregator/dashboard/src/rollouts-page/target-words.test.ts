import { ERROR_CODES } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { TARGET_STATES } from "../../../src/rollouts/rollout-view.js";
import { causeWords, stateWords } from "./target-words.js";

/** Groups of codes with which a device ends an installation. */
const OF_INSTALLATIONS = /^(METADATA|RELEASE|INSTALL|PROBATION|ROLLBACK|STORAGE)_/;

describe("words for what became of a device", () => {
  test.each(TARGET_STATES)("there is a sentence for %s", (state) => {
    expect(stateWords(state)).toMatch(/^[A-Z].+\.$/);
  });

  test.each(ERROR_CODES.filter((code) => OF_INSTALLATIONS.test(code)))("%s is explained", (code) => {
    expect(causeWords({ code, message: null })).toMatch(/^[a-z].{10,}$/);
  });

  test("what the device said stands after what its code means", () => {
    expect(causeWords({ code: "STORAGE_FULL", message: "3 MB are missing" })).toBe(
      "the device has no room for the version: 3 MB are missing",
    );
    expect(causeWords({ code: "INTERNAL", message: "so it said" })).toBe("so it said");
    expect(causeWords({ code: null, message: null })).toBeNull();
  });
});
