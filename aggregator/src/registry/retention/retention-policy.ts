import { decodeWith } from "@fedge/protocol";
import * as z from "zod/mini";
import type { VersionRecord } from "../../rounds/journal.js";

const count = (least: number) => z.int().check(z.gte(least), z.lte(1_000_000));

/** Which versions of a model stay. A version is deleted only when every rule lets it go. */
export const retentionPolicy = z.object({
  /** So many newest ones. */
  keepNewest: count(1),
  /** Those that an alias names. */
  keepAliased: z.literal(true),
  /** The released one, and those that devices say they serve. */
  keepReleased: z.literal(true),
  /** Those that are younger. */
  keepDays: count(0),
  /** Sums of rounds are kept of so many newest versions, and of aliased ones, to make the version again from. */
  keepSums: count(0),
});
export type RetentionPolicy = z.infer<typeof retentionPolicy>;

export const DEFAULT_RETENTION: RetentionPolicy = {
  keepNewest: 50,
  keepAliased: true,
  keepReleased: true,
  keepDays: 90,
  keepSums: 20,
};

/** The policy with its defaults. Throws OPTION_INVALID naming the field. */
export function decodeRetentionPolicy(value: object): RetentionPolicy {
  const context = { what: "retention policy", code: "OPTION_INVALID" } as const;
  return decodeWith(retentionPolicy, { ...DEFAULT_RETENTION, ...value }, context);
}

export interface RetentionFacts {
  /** All versions of one model. */
  readonly versions: readonly VersionRecord[];
  readonly aliased: ReadonlySet<number>;
  readonly released: ReadonlySet<number>;
  readonly nowMs: number;
}

export interface RetentionPlan {
  /** Versions that every rule lets go, oldest first. */
  readonly toDelete: readonly VersionRecord[];
  /** Versions that stay and whose sum may go. */
  readonly sumsToForget: readonly VersionRecord[];
}

const DAY_MS = 24 * 3600 * 1000;

/** What the policy says of one model's versions at this time. */
export function planRetention(policy: RetentionPolicy, facts: RetentionFacts): RetentionPlan {
  const kept = facts.versions.filter(({ deletedAtMs }) => deletedAtMs === null);
  const newestFirst = [...kept].sort((one, other) => other.version - one.version);
  const isAged = ({ createdAtMs }: VersionRecord): boolean =>
    facts.nowMs - createdAtMs >= policy.keepDays * DAY_MS;
  const isNamed = ({ version }: VersionRecord): boolean =>
    facts.aliased.has(version) || facts.released.has(version);
  const toDelete = newestFirst
    .slice(policy.keepNewest)
    .filter((version) => isAged(version) && !isNamed(version))
    .reverse();
  const deleted = new Set(toDelete);
  const sumsToForget = newestFirst
    .slice(policy.keepSums)
    .filter(
      (version) => version.finalSum !== null && !facts.aliased.has(version.version) && !deleted.has(version),
    );
  return { toDelete, sumsToForget };
}
