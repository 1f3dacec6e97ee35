import { valueOf, type FeatureSource, type ReferenceProfile } from "@fedge/protocol/profile";
import { beforeAll, describe, expect, test } from "vitest";
import type { FeatureDraft } from "../../aggregator/src/drift/profiles/feature-drafts.js";
import { WatchedWindows, profileOf, type RowOf } from "./watched-windows.js";

const value = (name: string, at: number): FeatureDraft => {
  const source = { take: "value", of: "input", name: "x", at } as const;
  return { name, source, role: "input", privacy: "personal", form: "infer" };
};

/** An amount with a long tail, an age that goes with it, a plan that goes with the age, and a number by itself. */
const SHOP: readonly FeatureDraft[] = ["amount", "age", "plan", "hour"].map(value);
const shopping =
  (correlation: number): RowOf =>
  (normal) => {
    const [first, second, third] = [normal(), normal(), normal()];
    const tied = correlation * first + Math.sqrt(1 - correlation ** 2) * second;
    const plan = 0.5 * tied + Math.sqrt(0.75) * third;
    return [Math.exp(first), 40 + 12 * tied, plan < -0.5 ? 0 : plan < 1 ? 1 : 2, normal()];
  };

describe("inputs whose margins stay", () => {
  let profile: ReferenceProfile;
  beforeAll(async () => {
    profile = await profileOf(SHOP, shopping(0.8), 5000);
  });

  test("and that go together as before alarm in at most 1 % of 300 windows", async () => {
    const watched = new WatchedWindows(profile, "quiet");
    for (let window = 0; window < 300; window += 1) await watched.window(shopping(0.8), 200);

    const joint = watched.judgements.flatMap((judgement) => judgement.joint);
    expect(watched.judgements).toHaveLength(300);
    expect(joint).toHaveLength(2 * 300);
    expect(joint.filter(({ isExceeded }) => isExceeded).length).toBeLessThanOrEqual(0.05 * joint.length);
    expect(joint.filter(({ verdict }) => verdict === "drift").length).toBeLessThanOrEqual(3);
  });

  test("but whose correlation turns drift within two windows, and no feature alone does", async () => {
    const watched = new WatchedWindows(profile, "turned");
    const judgements = [
      await watched.window(shopping(0.8), 200),
      await watched.window(shopping(-0.8), 200),
      await watched.window(shopping(-0.8), 200),
    ];

    expect(judgements.map(({ verdict }) => verdict)).toEqual(["ok", "warning", "drift"]);
    expect(judgements.flatMap(({ features }) => features.filter((one) => one.isExceeded))).toEqual([]);
    const classifier = judgements[2]?.joint.find(({ method }) => method === "domain-classifier");
    expect(classifier).toMatchObject({ name: "all inputs", verdict: "drift", isExceeded: true });
    expect(classifier?.features.slice(0, 2).sort()).toEqual(["age", "amount"]);
    expect(classifier?.reason).toMatch(
      /^the AUC of telling these rows from the reference's is 0\.\d+, above/,
    );
  });

  test("are compared together again when they go together as before", async () => {
    const watched = new WatchedWindows(profile, "back");
    const correlations = [-0.8, -0.8, 0.8, 0.8, 0.8];
    const verdicts: string[] = [];
    for (const correlation of correlations)
      verdicts.push((await watched.window(shopping(correlation), 200)).verdict);

    // Two of three windows exceed until the third; one more cools down.
    expect(verdicts).toEqual(["warning", "drift", "drift", "warning", "ok"]);
  });

  test("are not judged together below the profile's rows", async () => {
    const { joint } = await new WatchedWindows(profile, "few").window(shopping(-0.8), 90);

    expect(joint.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["not_enough_data", "90 rows; a verdict needs 100"],
      ["not_enough_data", "90 rows; a verdict needs 100"],
    ]);
  });
});

describe("an embedding", () => {
  const WIDTH = 4;
  const sources = [0, 1, 2, 3].map((at): FeatureSource => {
    return { take: "projection", of: "input", name: "x", seed: `turn ${at}` };
  });
  const drafts = sources.map((source, at): FeatureDraft => {
    return { name: `projection ${at}`, source, role: "embedding", privacy: "personal", form: "numeric" };
  });
  /** Projections that go together in pairs, seen from directions that are turned by a right angle in the plane of each pair. */
  const seenFrom =
    (isTurned: boolean): RowOf =>
    (normal) => {
      const pair = (): readonly [number, number] => {
        const [first, second] = [normal(), normal()];
        const other = 0.9 * first + Math.sqrt(1 - 0.81) * second;
        return isTurned ? [-other, first] : [first, other];
      };
      return withProjections([...pair(), ...pair()], sources);
    };

  test("that is turned drifts within two windows, though each projection looks as before", async () => {
    const profile = await profileOf(drafts, seenFrom(false), 3000);
    const watched = new WatchedWindows(profile, "turned");
    const judgements = [
      await watched.window(seenFrom(false), 200),
      await watched.window(seenFrom(true), 200),
      await watched.window(seenFrom(true), 200),
    ];

    expect(judgements.map(({ verdict }) => verdict)).toEqual(["ok", "warning", "drift"]);
    expect(judgements.flatMap(({ features }) => features.filter((one) => one.isExceeded))).toEqual([]);
    expect(judgements[2]?.joint).toMatchObject([{ name: "x projections", method: "mmd", verdict: "drift" }]);
  });

  /** The row whose projections are these: the four directions' signs by Gauss and Jordan. */
  function withProjections(projections: readonly number[], of: readonly FeatureSource[]): number[] {
    const rows = of.map((source, at) => [...directionOf(source), projections[at] as number]);
    for (let pivot = 0; pivot < WIDTH; pivot += 1) {
      const found = rows.findIndex((row, at) => at >= pivot && Math.abs(row[pivot] as number) > 1e-9);
      if (found < 0) throw new Error("directions that are not independent; take other seeds");
      const [row] = rows.splice(found, 1) as [number[]];
      const scaled = row.map((one) => one / (row[pivot] as number));
      rows.splice(pivot, 0, scaled);
      rows.forEach((other, at) => {
        const factor = other[pivot] as number;
        if (at !== pivot) rows[at] = other.map((one, column) => one - factor * (scaled[column] as number));
      });
    }
    return rows.map((row) => row[WIDTH] as number);
  }

  function directionOf(source: FeatureSource): number[] {
    return Array.from({ length: WIDTH }, (_, at) => {
      const unit = {
        shape: [1, WIDTH],
        data: Float64Array.from({ length: WIDTH }, (_one, i) => Number(i === at)),
      };
      const rows = { inputs: { x: unit }, outputs: {}, label: null, fields: {}, latencyUs: null };
      return Number(valueOf(source)(rows, 0));
    });
  }
});
