import { describe, expect, test } from "vitest";
import { ROLE_PERMISSIONS, type Role } from "../people/roles.js";
import { requireReleaseRight } from "./release-right.js";

const AUTOPILOT = { everyGoodRounds: 1, evaluation: "held-out", template: "staged" } as const;
const CANDIDATES = {};
const RELEASING = { release: { everyVersions: 1 } };
const PROPOSING = { autopilot: { ...AUTOPILOT, needsApproval: true }, release: { everyVersions: 1 } };
const STARTING = { autopilot: { ...AUTOPILOT, needsApproval: false } };

const attempt =
  (role: Role, task: Parameters<typeof requireReleaseRight>[1]): (() => void) =>
  () =>
    requireReleaseRight({ permissions: ROLE_PERMISSIONS[role] }, task);

describe("a task", () => {
  test.each<[string, Role, Parameters<typeof requireReleaseRight>[1]]>([
    ["whose versions are candidates", "data-scientist", CANDIDATES],
    ["whose rollouts wait for approval", "data-scientist", PROPOSING],
    ["that releases by itself", "admin", RELEASING],
    ["whose rollouts nobody approves", "admin", STARTING],
  ])("%s is for a %s", (_, role, task) => {
    expect(attempt(role, task)).not.toThrow();
  });

  test.each<[string, Parameters<typeof requireReleaseRight>[1]]>([
    ["that releases by itself", RELEASING],
    ["whose rollouts nobody approves", STARTING],
  ])("%s is not for who may only train", (_, task) => {
    expect(attempt("data-scientist", task)).toThrow(
      expect.objectContaining({
        code: "ROLE_INSUFFICIENT",
        message: expect.stringContaining("operator or admin"),
      }),
    );
  });
});
