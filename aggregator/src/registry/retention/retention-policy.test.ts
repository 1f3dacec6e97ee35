import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { VersionRecord } from "../../rounds/journal.js";
import { namesOf, sampleVersion } from "../../store/testing/sample-records.js";
import { decodeRetentionPolicy, planRetention, type RetentionPolicy } from "./retention-policy.js";

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const sum = { sha256: sampleVersion(namesOf("x")).manifest.sha256, sizeBytes: 1 };

/** Version `version`, so many days old. */
function aged(version: number, days: number): VersionRecord {
  return sampleVersion(namesOf("1"), { version, createdAtMs: NOW_MS - days * DAY_MS, finalSum: sum });
}

function plan(
  policy: Partial<RetentionPolicy>,
  versions: readonly VersionRecord[],
  names: { aliased?: number[]; released?: number[] } = {},
): { deleted: number[]; sums: number[] } {
  const facts = {
    versions,
    aliased: new Set(names.aliased),
    released: new Set(names.released),
    nowMs: NOW_MS,
  };
  const { toDelete, sumsToForget } = planRetention(decodeRetentionPolicy(policy), facts);
  return {
    deleted: toDelete.map(({ version }) => version),
    sums: sumsToForget.map(({ version }) => version),
  };
}

describe("the retention policy", () => {
  const five = [aged(1, 50), aged(2, 40), aged(3, 30), aged(4, 20), aged(5, 10)];

  test("lets go of versions that are neither among the newest nor young, oldest first", () => {
    expect(plan({ keepNewest: 2, keepDays: 30 }, five).deleted).toEqual([1, 2, 3]);
  });

  test("keeps what is a day too young", () => {
    expect(plan({ keepNewest: 2, keepDays: 31 }, five).deleted).toEqual([1, 2]);
  });

  test("keeps what an alias names and what is released", () => {
    expect(plan({ keepNewest: 1, keepDays: 0 }, five, { aliased: [1], released: [3] }).deleted).toEqual([
      2, 4,
    ]);
  });

  test("lets go of sums beyond the newest, not of those that an alias names", () => {
    expect(plan({ keepSums: 2 }, five, { aliased: [2] }).sums).toEqual([3, 1]);
  });

  test("does not count what is deleted already among the newest", () => {
    const versions = five.map((one) => (one.version === 5 ? { ...one, deletedAtMs: 1 } : one));

    expect(plan({ keepNewest: 1, keepDays: 0 }, versions).deleted).toEqual([1, 2, 3]);
  });

  test("refuses to keep none", () => {
    expect(() => decodeRetentionPolicy({ keepNewest: 0 })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }) as Error,
    );
  });

  test("never lets go of the newest, whatever it says", () => {
    const policies = fc.record({ keepNewest: fc.integer({ min: 1, max: 5 }), keepDays: fc.nat(60) });
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 40 }), (policy, count) => {
        const versions = Array.from({ length: count }, (_none, i) => aged(i + 1, 1000));
        expect(plan(policy, versions).deleted).not.toContain(count);
      }),
    );
  });
});
