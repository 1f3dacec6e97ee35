import { describe, expect, test } from "vitest";
import { sampleRollout, sampleRolloutConfig } from "../../../src/http/testing/sample-rollouts.js";
import { decodeRolloutConfig } from "../../../src/rollouts/rollout-config.js";
import { ROLLOUT_TEMPLATES, expandTemplate } from "../../../src/rollouts/templates.js";
import { draftOf, editRequestOf, firstDraft, requestOf, type Draft } from "./draft.js";

const MODELS = [{ model: "digits", latestVersion: 7 }];
const COMPARISON = {
  ...{ others: [5], metric: "proxy:accepted", horizonHours: "48" },
  ...{ effectPercent: "2.5", alphaPercent: "1", powerPercent: "90" },
};

function draftWith(change: Partial<Draft> = {}): Draft {
  return { ...firstDraft(MODELS), ...change };
}

describe("a new rollout", () => {
  test("has the same name however often it is asked for, so that the preview's devices are the rollout's", () => {
    const first = requestOf(draftWith(), 1000);

    expect(first.body).toMatchObject({ template: "staged", model: "digits", version: 7, kind: "release" });
    expect(requestOf(draftWith({ note: "x" }), 1000).body?.["rolloutId"]).toBe(first.body?.["rolloutId"]);
    expect(requestOf(draftWith(), 2000).body?.["rolloutId"]).not.toBe(first.body?.["rolloutId"]);
  });

  test("of the kind ab states arms and protocol, and is one that the server takes", () => {
    const { body } = requestOf(draftWith({ kind: "ab", comparison: COMPARISON }), 0);

    const { template, ...given } = body ?? {};
    expect(decodeRolloutConfig(expandTemplate(String(template), given))).toMatchObject({
      ...{ kind: "ab", version: 7, arms: [7, 5] },
      comparison: {
        ...{ metric: "proxy:accepted", horizonMs: 172_800_000 },
        ...{ minDetectableEffect: 0.025, alpha: 0.01, power: 0.9 },
      },
    });
  });

  test("of the kind shadow states a horizon or none, and never arms", () => {
    const open = requestOf(draftWith({ kind: "shadow", comparison: { ...COMPARISON, horizonHours: "" } }), 0);
    const ending = requestOf(draftWith({ kind: "shadow", comparison: COMPARISON }), 0);

    expect([open.body?.["comparison"], open.body?.["arms"]]).toEqual([undefined, undefined]);
    expect(ending.body).toMatchObject({ comparison: { metric: "agreement", horizonMs: 172_800_000 } });
  });

  test.each([
    [{ model: "" }, "Choose a version first."],
    [{ kind: "ab", comparison: { ...COMPARISON, others: [] } }, "Choose the one version"],
    [{ kind: "ab", comparison: { ...COMPARISON, others: [7] } }, "Choose the one version"],
    [{ kind: "ab", comparison: { ...COMPARISON, others: [5, 6] } }, "Choose the one version"],
    [{ kind: "bandit", comparison: { ...COMPARISON, others: [] } }, "Choose the versions"],
    [{ kind: "ab", comparison: { ...COMPARISON, horizonHours: "" } }, "State the horizon"],
    [{ kind: "ab", comparison: { ...COMPARISON, horizonHours: "soon" } }, "number of hours"],
    [{ kind: "ab", comparison: { ...COMPARISON, effectPercent: "" } }, "smallest difference"],
    [{ kind: "ab", comparison: { ...COMPARISON, alphaPercent: "50" } }, "level"],
    [{ kind: "ab", comparison: { ...COMPARISON, powerPercent: "100" } }, "power"],
    [{ kind: "ab", comparison: { ...COMPARISON, metric: "proxy:" } }, "Name the proxy"],
  ] as const)("with %j says what is missing", (change, sentence) => {
    expect(requestOf(draftWith(change), 0).missing).toContain(sentence);
  });
});

describe("a rollout that exists", () => {
  const templates = ROLLOUT_TEMPLATES.map(({ config, ...named }) => ({ ...named, config: { ...config } }));

  test("that nobody changes is asked for as it is", () => {
    const config = sampleRolloutConfig({
      ...{ kind: "bandit", arms: [7, 6, 5] },
      comparison: {
        ...{ metric: "error-rate", horizonMs: 7_200_000 },
        ...{ minDetectableEffect: 0.07, alpha: 0.05, power: 0.8 },
      },
    });

    expect(editRequestOf(draftOf(sampleRollout({ config })), config, templates).body).toEqual(config);
  });

  test("by another template keeps its name and what it is about", () => {
    const config = sampleRolloutConfig({ note: "before" });
    const draft = { ...draftOf(sampleRollout({ config })), template: "quick", note: "after" };

    const { body } = editRequestOf(draft, config, templates);

    expect(body).toEqual({ ...expandTemplate("quick", {}), ...pick(config), note: "after" });
  });

  test("that becomes a release compares nothing any more", () => {
    const config = sampleRolloutConfig({ kind: "ab", arms: [7, 6] });

    const { body } = editRequestOf({ ...draftOf(sampleRollout({ config })), kind: "release" }, config, []);

    expect([body?.["arms"], body?.["comparison"]]).toEqual([undefined, undefined]);
  });
});

function pick({
  rolloutId,
  model,
  version,
  kind,
  filter,
  needsApproval,
}: ReturnType<typeof sampleRolloutConfig>) {
  return { rolloutId, model, version, kind, filter, needsApproval };
}
