import { errorCodeOf } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { defaultRolloutId } from "./default-rollout-id.js";
import { overlaid } from "./overlaid.js";
import { ROLLOUT_TEMPLATES, rolloutFromTemplate } from "./templates.js";

const TARGET = { rolloutId: "r1", model: "digits", version: 7 };

describe("templates", () => {
  test.each(ROLLOUT_TEMPLATES.map(({ name }) => name))("%s is a valid rollout of any version", (name) => {
    expect(rolloutFromTemplate(name, TARGET)).toMatchObject(TARGET);
  });

  test("the standard one goes from internal devices over 1 %, 5 % and 25 % to all", () => {
    const { waves } = rolloutFromTemplate(ROLLOUT_TEMPLATES[0]?.name ?? "", TARGET);

    expect(waves.map(({ percent, filter }) => [percent, filter])).toEqual([
      [100, "tag == internal"],
      [1, undefined],
      [5, undefined],
      [25, undefined],
      [100, undefined],
    ]);
  });

  test("what is given replaces single fields, and whole lists", () => {
    const given = { ...TARGET, gates: { install: { maxErrors: 0.5 }, metrics: [] } };

    const { gates } = rolloutFromTemplate("staged", given);

    expect(gates).toEqual({
      install: { minSuccess: 0.95, minReached: 0.5, maxErrors: 0.5, minReports: 10, onErrors: "roll-back" },
      metrics: [],
    });
  });

  test.each(ROLLOUT_TEMPLATES.map(({ name }) => name))("%s tries a version on the device itself", (name) => {
    const { install } = rolloutFromTemplate(name, TARGET);

    expect(install).toMatchObject({ rollback: "automatic", probation: { maxErrorRate: 0.05 } });
  });

  test("an unknown one is refused with the names that there are", () => {
    expect(() => rolloutFromTemplate("slow", TARGET)).toThrow(
      'no rollout template "slow"; take staged or quick',
    );
  });

  test("a field that cannot be is refused", () => {
    let code = "";
    try {
      rolloutFromTemplate("quick", { ...TARGET, priority: -1 });
    } catch (error) {
      code = errorCodeOf(error);
    }

    expect(code).toBe("OPTION_INVALID");
  });
});

test("fields named like parts of every object are fields like others", () => {
  const given = JSON.parse('{"__proto__": {"polluted": 1}}') as Record<string, unknown>;

  const laid = overlaid({ a: 1 }, given);

  expect([Object.getPrototypeOf(laid), ({} as { polluted?: number }).polluted]).toEqual([
    Object.prototype,
    undefined,
  ]);
});

test("a made-up id is one, however long or strange the model's name", () => {
  expect(defaultRolloutId("m.x", 7, 36 ** 2)).toBe("m-x-7-100");
  expect(defaultRolloutId("m".repeat(64), 7, 36 ** 2)).toBe(`${"m".repeat(58)}-7-100`);
});
