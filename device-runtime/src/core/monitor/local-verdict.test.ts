import { beforeAll, describe, expect, test } from "vitest";
import { worstVerdict, type FeatureRole, type ReferenceProfile } from "@fedge/protocol/profile";
import { nodeDigest } from "../../node/digest.js";
import {
  colourFeature,
  numericFeature,
  sampleProfile,
  type ProfileChange,
} from "../../testing/sample-profile.js";
import type { WindowJudgement } from "./drift-judgement.js";
import type { JointMeasured } from "./joint-watch.js";
import { judgeWindow } from "./local-verdict.js";
import { watchedProfile, type WatchedProfile } from "./watched-feature.js";

interface Given {
  readonly x: readonly number[];
  /** Sum of standardised values, in 64ths. */
  readonly sum?: number;
  readonly numBroken?: number;
  readonly noticed?: readonly string[];
  readonly joint?: readonly JointMeasured[];
}

/** A window of these counts of the only feature. */
function judge(
  watched: WatchedProfile,
  { x, sum = 0, numBroken = 0, noticed = [], joint = [] }: Given,
  before: readonly WindowJudgement[] = [],
): WindowJudgement {
  const vector = new Uint32Array(watched.layout.numCells);
  const [feature] = watched.layout.features;
  vector.set(x, feature!.counts.at);
  if (feature!.moments.size > 0) vector[feature!.moments.at] = sum;
  vector[watched.layout.rows.at + 1] = x.reduce((all, count) => all + count);
  const window = before.length;
  return judgeWindow(
    watched,
    { window, vector, numBroken: Uint32Array.of(numBroken), joint, noticed },
    before,
  );
}

async function create(change: ProfileChange = {}): Promise<WatchedProfile> {
  return watchedProfile(await sampleProfile(nodeDigest, change));
}

const SAME = [50, 50, 50, 50, 0, 0, 0, 0, 0];
const OTHER = [20, 40, 60, 80, 0, 0, 0, 0, 0];

let plain: WatchedProfile;
beforeAll(async () => {
  plain = await create();
});

describe("the effects of a window", () => {
  test("are what the formulas give, what chance gives taken off", () => {
    // q = .1 .2 .3 .4 against p = .25 each: the sum of (q - p) log(q / p) is 0.2282174; three degrees times
    // (1/200 + 1/10000) are 0.0153. (0.1374398 + 0.0111572 + 0.0091161 + 0.0705005 by hand.)
    const [feature] = judge(plain, { x: OTHER }).features;

    expect(judge(plain, { x: OTHER }).greatestPsi).toBeCloseTo(0.2282174, 5);
    expect(feature?.psi).toBeCloseTo(0.2282174 - 0.0153, 5);
  });

  test("have the shift of the mean by the sum of standardised values", () => {
    // 200 rows of 0.5 each: 200 * 0.5 * 64; 0.25 - (1/200 + 1/10000) under the root.
    const [feature] = judge(plain, { x: OTHER, sum: 6400 }).features;

    expect(feature?.meanShift).toBeCloseTo(Math.sqrt(0.25 - 0.0051), 12);
  });
});

describe("a feature is", () => {
  test("ok where nothing changed", () => {
    expect(judge(plain, { x: SAME })).toMatchObject({ verdict: "ok", numTests: 2 });
  });

  test("not judged below the profile's rows, whatever they are", () => {
    expect(judge(plain, { x: [0, 0, 0, 99, 0, 0, 0, 0, 0] })).toMatchObject({
      verdict: "not_enough_data",
      features: [{ reason: "99 rows; a verdict needs 100", isExceeded: false }],
    });
  });

  test("ok when more than chance, but below every floor", async () => {
    const floors = { psi: 1, jensenShannon: 1, meanShift: 8 };
    const watched = await create({ features: [numericFeature({ floors })] });
    const { verdict, features } = judge(watched, { x: OTHER });

    expect(verdict).toBe("ok");
    expect(features[0]?.logPValue).toBeLessThan(Math.log(0.05));
  });

  test("ok when above a floor, but no more than chance", async () => {
    const watched = await create({
      features: [numericFeature({ floors: { psi: 0, jensenShannon: 0, meanShift: 0 } })],
    });

    // SciPy's chi2_contingency: 3.92 on 3 degrees, p = 0.27.
    expect(judge(watched, { x: [60, 50, 40, 50, 0, 0, 0, 0, 0] }).verdict).toBe("ok");
  });

  test("drifting in two of three windows, and cooling down for one", () => {
    const verdicts: string[] = [];
    let before: WindowJudgement[] = [];
    for (const x of [OTHER, SAME, OTHER, SAME, SAME, SAME, OTHER]) {
      const judged = judge(plain, { x }, before);
      verdicts.push(judged.verdict);
      before = [...before, judged];
    }

    expect(verdicts).toEqual(["warning", "ok", "drift", "warning", "ok", "ok", "warning"]);
  });

  test("drifting also where windows of too few rows lie between those that exceed: they say nothing either way", () => {
    const verdicts: string[] = [];
    let before: WindowJudgement[] = [];
    const few = [1, 1, 1, 0, 0, 0, 0, 0, 0];
    for (const x of [OTHER, few, few, few, OTHER, few, SAME]) {
      const judged = judge(plain, { x }, before);
      verdicts.push(judged.verdict);
      before = [...before, judged];
    }

    const thin = "not_enough_data";
    expect(verdicts).toEqual(["warning", thin, thin, thin, "drift", thin, "drift"]);
  });

  test.each<FeatureRole>(["prediction", "score", "latency", "action", "label"])(
    "no more than a warning when it is a %s",
    async (role) => {
      const watched = await create({ features: [numericFeature({ role })] });
      const first = judge(watched, { x: OTHER });

      expect(judge(watched, { x: OTHER }, [first]).verdict).toBe("warning");
    },
  );

  test.each<FeatureRole>(["prediction", "score", "latency", "action", "label"])(
    "not broken data when it is a %s, however many rows are not as the schema says",
    async (role) => {
      const watched = await create({ features: [numericFeature({ role, mostly: 1 })] });

      expect(judge(watched, { x: [0, 0, 0, 0, 0, 0, 200, 0, 0], numBroken: 200 }).verdict).toBe("warning");
    },
  );

  test("judged by its own rows where they are labels: few say nothing, nor are they a test", async () => {
    const source = { take: "value", of: "label", name: "label", at: 0 } as const;
    const watched = await create({
      features: [numericFeature(), numericFeature({ name: "truth", role: "label", source })],
    });
    const vector = new Uint32Array(watched.layout.numCells);
    vector.set(SAME, watched.layout.features[0]!.counts.at);
    vector[watched.layout.rows.at + 1] = 200;
    // All of 99 labels in one bin of four.
    vector[watched.layout.features[1]!.counts.at] = 99;
    const counted = { window: 0, vector, numBroken: new Uint32Array(2), joint: [], noticed: [] };

    expect(judgeWindow(watched, counted, [])).toMatchObject({
      ...{ verdict: "ok", numTests: 2, greatestPsi: 0 },
      features: [{ verdict: "ok" }, { verdict: "not_enough_data", psi: null }],
    });
  });

  test("broken by five rows, but not by four, and not within what `mostly` allows", async () => {
    const watched = await create({ features: [numericFeature({ mostly: 0.95 })] });
    const few = [4, 4, 4, 4, 0, 0, 4, 0, 0];

    expect(judge(watched, { x: few, numBroken: 4 }).verdict).toBe("not_enough_data");
    expect(judge(watched, { x: few, numBroken: 5 }).verdict).toBe("broken_data");
    // Wilson's lower bound of 5 of 100 is 2.2 %, that of 20 of 200 6.6 %.
    expect(judge(watched, { x: [25, 25, 25, 25, 0, 0, 0, 0, 0], numBroken: 5 }).verdict).toBe("ok");
    expect(judge(watched, { x: SAME, numBroken: 20 }).verdict).toBe("broken_data");
  });

  test("not testable when the reference has no rows, or nothing varies", async () => {
    const empty = await create({ features: [numericFeature({ counts: Array<number>(9).fill(0) })] });
    const constant = await create({
      features: [colourFeature({ categories: ["red"], counts: [10_000, 0, 0, 0], role: "input" })],
    });

    expect(judge(empty, { x: SAME }).verdict).toBe("not_testable");
    expect(judge(constant, { x: [200, 0, 0, 0] })).toMatchObject({
      verdict: "not_testable",
      greatestPsi: null,
    });
  });
});

describe("the verdict over all", () => {
  test("is the worst", () => {
    expect(worstVerdict(["ok", "warning", "broken_data", "drift"])).toBe("broken_data");
    expect(worstVerdict(["not_enough_data", "ok"])).toBe("ok");
    expect(worstVerdict([])).toBe("not_testable");
  });

  test("is a warning when a stream noticed something", () => {
    expect(judge(plain, { x: SAME, noticed: ["x went up"] }).verdict).toBe("warning");
  });

  test("is of no drift in at most one of twenty devices whose data are the reference's", async () => {
    const { createRandom } = await import("@fedge/protocol");
    const random = createRandom("no drift on devices");
    const features = Array.from({ length: 10 }, (_, at) => numericFeature({ name: `x${at}` }));
    const profile: ReferenceProfile = await sampleProfile(nodeDigest, { features });
    const watched = watchedProfile(profile);
    let numAlarms = 0;
    for (let device = 0; device < 300; device += 1) {
      const vector = new Uint32Array(watched.layout.numCells);
      vector[watched.layout.rows.at + 1] = 100;
      for (const { counts } of watched.layout.features)
        for (let row = 0; row < 100; row += 1) vector[counts.at + random.below(4)]! += 1;
      const numBroken = new Uint32Array(features.length);
      const { verdict } = judgeWindow(watched, { window: 0, vector, numBroken, joint: [], noticed: [] }, []);
      if (verdict !== "ok") numAlarms += 1;
    }

    expect(numAlarms).toBeLessThanOrEqual(15);
  });
});
