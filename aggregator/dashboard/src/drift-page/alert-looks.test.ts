import { describe, expect, test } from "vitest";
import type { AlertData } from "../data/api-types.js";
import type { Session } from "../data/session.js";
import { ALERT_ACTS, PROPOSAL_ACTS, actRefusal, alertStateText, lastDeedText } from "./alert-looks.js";

const DANA: Session = { name: "dana", role: "data-scientist", permissions: ["tasks", "models", "propose"] };
const VERA: Session = { name: "vera", role: "viewer", permissions: [] };

function alert(change: Partial<AlertData> = {}): AlertData {
  return {
    ...{ state: "open", owner: null, silencedUntilMs: null, falseAlarmBy: null, resolvedAtMs: null },
    ...{ proposal: null, proposedIn: null, lastDeed: null, changedAtMs: 0, ...change },
  } as AlertData;
}

describe("what a person may do", () => {
  test("a viewer may do nothing, and is told which role may", () => {
    for (const look of [...ALERT_ACTS, ...PROPOSAL_ACTS])
      expect(actRefusal(look, alert(), VERA)).toContain("Your role (viewer) may not do this");
  });

  test("nothing can be done to an alert that is over", () => {
    const refusals = ALERT_ACTS.map((look) => actRefusal(look, alert({ state: "resolved" }), DANA));

    expect(new Set(refusals)).toEqual(new Set(["This alert is over."]));
  });

  test("a training can be decided on only while it is proposed", () => {
    const [confirm] = PROPOSAL_ACTS;
    const proposal = { state: "proposed" } as AlertData["proposal"];

    expect(confirm && actRefusal(confirm, alert(), DANA)).toContain("no proposal");
    expect(confirm && actRefusal(confirm, alert({ proposal }), DANA)).toBeNull();
  });

  test("what one has taken on cannot be taken on again, but by another", () => {
    const [acknowledge] = ALERT_ACTS;
    const taken = alert({ state: "acknowledged", owner: "dana" });

    expect(acknowledge && actRefusal(acknowledge, taken, DANA)).toContain("already");
    expect(acknowledge && actRefusal(acknowledge, { ...taken, owner: "bob" }, DANA)).toBeNull();
  });
});

test("a silence is said while it lasts", () => {
  expect(alertStateText(alert({ silencedUntilMs: 10 }), 20)).toBe("open, nobody has taken it on");
  expect(alertStateText(alert({ silencedUntilMs: 30 }), 20)).toContain("silenced until");
});

test("who did what last is said with how long ago", () => {
  const lastDeed = { deed: "acknowledge" as const, by: "bob", atMs: 1000 };

  expect(lastDeedText(alert({ lastDeed }), 13_500)).toBe("bob took this alert on 12 s ago.");
});
