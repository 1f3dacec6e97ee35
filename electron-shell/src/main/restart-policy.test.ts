import { describe, expect, test } from "vitest";
import { restartDelayMs } from "./restart-policy.js";

describe("a process that died is started again", () => {
  test("after 250 ms, and after twice as long with each death of the same minute, until the fifth", () => {
    const deaths = [0, 1000, 2000, 3000, 4000];
    const delays = deaths.map((nowMs, at) => restartDelayMs(deaths.slice(0, at + 1), nowMs));

    expect(delays).toEqual([250, 500, 1000, 2000, null]);
  });

  test("without a wait for deaths that are longer ago than a minute", () => {
    expect(restartDelayMs([0, 1000, 2000, 3000, 63_000], 63_000)).toBe(250);
  });
});
