import { describe, expect, test } from "vitest";
import type { FeatureDraft } from "../../aggregator/src/drift/profiles/feature-drafts.js";
import { WatchedWindows, profileOf, type RowOf } from "./watched-windows.js";

interface Shape {
  readonly numFeatures: number;
  /** Far values are frequent: sign(z) exp(1.5 |z|). */
  readonly isHeavy: boolean;
}

const draft = (_: unknown, at: number): FeatureDraft => {
  const source = { take: "value", of: "input", name: "x", at } as const;
  return { name: `f${at}`, source, role: "input", privacy: "personal", form: "infer" };
};

/** All features go together by 0.3, but the first two by this correlation and with no other. */
function rows({ numFeatures, isHeavy }: Shape, correlation: number): RowOf {
  const [shared, own] = [Math.sqrt(0.3), Math.sqrt(0.7)];
  return (normal) => {
    const common = normal();
    const row = Array.from({ length: numFeatures }, () => shared * common + own * normal());
    const first = normal();
    row[0] = first;
    row[1] = correlation * first + Math.sqrt(1 - correlation ** 2) * normal();
    return isHeavy ? row.map((one) => Math.sign(one) * Math.exp(1.5 * Math.abs(one))) : row;
  };
}

/** Shares of windows of 200 rows in which the classifier exceeds, and in which either test says drift. */
async function shares(
  shape: Shape,
  correlation: number,
  numWindows: number,
): Promise<{ readonly exceeded: number; readonly drift: number }> {
  const drafts = Array.from({ length: shape.numFeatures }, draft);
  const watched = new WatchedWindows(await profileOf(drafts, rows(shape, 0.8), 5000), "power");
  for (let window = 0; window < numWindows; window += 1) await watched.window(rows(shape, correlation), 200);
  const classifier = watched.judgements.map(({ joint }) => joint.find((one) => one.features.length > 0));
  const drifting = watched.judgements.filter(({ joint }) => joint.some(({ verdict }) => verdict === "drift"));
  return {
    exceeded: classifier.filter((one) => one?.isExceeded).length / numWindows,
    drift: drifting.length / numWindows,
  };
}

describe.each<Shape>([
  { numFeatures: 2, isHeavy: false },
  { numFeatures: 5, isHeavy: true },
  { numFeatures: 20, isHeavy: false },
])("with $numFeatures features, heavy-tailed: $isHeavy,", (shape) => {
  test("windows that are like the reference are told apart in at most 5 %, and none drifts", async () => {
    const { exceeded, drift } = await shares(shape, 0.8, 100);

    expect(exceeded).toBeLessThanOrEqual(0.05);
    expect(drift).toBe(0);
  });

  test("a correlation that turns from 0.8 to -0.8 is noticed in every window", async () => {
    expect((await shares(shape, -0.8, 10)).exceeded).toBe(1);
  });

  test("one that goes from 0.8 to 0 is noticed in half of the windows and more", async () => {
    expect((await shares(shape, 0, 20)).exceeded).toBeGreaterThanOrEqual(0.5);
  });
});
