import { describe, expect, test } from "vitest";
import { createLockLeadership, type TabLocks } from "./leadership.js";

/** What a browser with blocked site data gives. */
const securityError = (): DOMException => new DOMException("Access is denied.", "SecurityError");

async function leads(locks: TabLocks | undefined): Promise<{ isAtOnce: boolean; numLed: number }> {
  let numLed = 0;
  const lead = (): Promise<void> => {
    numLed += 1;
    return Promise.resolve();
  };
  const isAtOnce = await createLockLeadership("fedge", locks).request(lead, new AbortController().signal);
  return { isAtOnce, numLed };
}

describe("a tab leads alone, and once,", () => {
  test.each<[string, TabLocks | undefined]>([
    ["where there are no locks", undefined],
    ["where a lock is refused", { request: () => Promise.reject(securityError()) } as TabLocks],
    [
      "where asking for one throws",
      {
        request: () => {
          throw securityError();
        },
      },
    ],
  ])("%s", async (_, locks) => {
    expect(await leads(locks)).toEqual({ isAtOnce: true, numLed: 1 });
  });
});
