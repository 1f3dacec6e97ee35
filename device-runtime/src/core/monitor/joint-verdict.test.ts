import { beforeAll, describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { sampleProfile } from "../../testing/sample-profile.js";
import type { WindowJudgement } from "./drift-judgement.js";
import type { JointMeasured } from "./joint-watch.js";
import { judgeWindow } from "./local-verdict.js";
import { watchedProfile, type WatchedProfile } from "./watched-feature.js";

let watched: WatchedProfile;
beforeAll(async () => {
  watched = watchedProfile(await sampleProfile(nodeDigest));
});

const classifier = (change: Partial<JointMeasured> = {}): JointMeasured => ({
  ...{ name: "all inputs", method: "domain-classifier", effect: 0.7, floor: 0.55, logPValue: -20 },
  features: ["age", "amount"],
  ...change,
});

/** A window whose only feature is as it was, with this said of features together. */
function judge(
  joint: readonly JointMeasured[],
  before: readonly WindowJudgement[] = [],
  numPerBin = 50,
): WindowJudgement {
  const vector = new Uint32Array(watched.layout.numCells);
  vector.set(Array<number>(4).fill(numPerBin), watched.layout.features[0]?.counts.at);
  vector[watched.layout.rows.at + 1] = 4 * numPerBin;
  const counted = { window: before.length, vector, numBroken: Uint32Array.of(0), joint, noticed: [] };
  return judgeWindow(watched, counted, before);
}

describe("features together are", () => {
  test("a warning of the window when they are told apart once, with what weighs most", () => {
    expect(judge([classifier()])).toMatchObject({
      verdict: "warning",
      features: [{ verdict: "ok" }],
      joint: [
        {
          ...{ name: "all inputs", method: "domain-classifier", verdict: "warning", isExceeded: true },
          reason:
            "the AUC of telling these rows from the reference's is 0.700, above its floor of 0.55; age, amount weigh most",
        },
      ],
    });
  });

  test("corrected where p is no number any more", () => {
    // Three tests: chi-squared and Kolmogorov-Smirnov of the one number, and the classifier, the least of them.
    const [joint] = judge([classifier({ logPValue: -1229 })]).joint;

    expect(joint?.logPValue).toBeCloseTo(-1229 + Math.log(3), 9);
  });

  test("drifting in two of three windows, and cooling down for one", () => {
    const verdicts: string[] = [];
    let before: WindowJudgement[] = [];
    for (const effect of [0.7, 0.5, 0.7, 0.5, 0.5]) {
      const judged = judge([classifier({ effect })], before);
      verdicts.push(judged.verdict);
      before = [...before, judged];
    }

    expect(verdicts).toEqual(["warning", "ok", "drift", "warning", "ok"]);
  });

  test("not taken for each other: one method's window before is not the other's", () => {
    const vectors = classifier({ method: "mmd", effect: 0.3, floor: 0.1, features: [] });
    const first = judge([classifier({ effect: 0.5 }), vectors]);

    expect(judge([classifier(), { ...vectors, effect: 0 }], [first]).joint).toMatchObject([
      { method: "domain-classifier", verdict: "warning" },
      { method: "mmd", verdict: "ok" },
    ]);
  });

  test("ok when more than chance, but below the floor, and when above it, but no more than chance", () => {
    expect(judge([classifier({ effect: 0.54 })]).verdict).toBe("ok");
    expect(judge([classifier({ logPValue: Math.log(0.2) })]).verdict).toBe("ok");
  });

  test("corrected together with the tests of each feature alone", () => {
    // Two tests of x with p = 1, and these: the least of three is tripled, 0.02 to 0.06.
    const { numTests, joint } = judge([classifier({ logPValue: Math.log(0.02) })]);

    expect(numTests).toBe(3);
    expect(joint[0]?.logPValue).toBeCloseTo(Math.log(0.06), 10);
    expect(joint[0]?.verdict).toBe("ok");
  });

  test("not judged below the profile's rows, or where no row is whole", () => {
    expect(judge([classifier()], [], 10).joint).toMatchObject([
      { verdict: "not_enough_data", reason: "40 rows; a verdict needs 100" },
    ]);
    expect(judge([classifier({ effect: null, logPValue: null })])).toMatchObject({
      ...{ verdict: "ok", numTests: 2 },
      joint: [{ verdict: "not_enough_data", reason: "too few rows are whole" }],
    });
  });
});
