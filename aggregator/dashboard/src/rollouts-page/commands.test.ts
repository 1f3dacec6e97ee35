import { describe, expect, test } from "vitest";
import type { RolloutData } from "../data/api-types.js";
import type { Session } from "../data/session.js";
import { COMMANDS, commandRefusal, type RolloutCommand } from "./commands.js";
import { commandEffects } from "./command-effects.js";
import { deedText } from "./history-text.js";

const operator: Session = {
  name: "bob",
  role: "operator",
  permissions: ["devices", "propose", "rollouts", "approve"],
};
const viewer: Session = { name: "vera", role: "viewer", permissions: [] };
const nobody: Session = { name: null, role: null, permissions: [] };

function rollout(change: Partial<RolloutData> = {}): RolloutData {
  return {
    rolloutId: "r" as RolloutData["rolloutId"],
    config: { model: "digits", version: 7, filter: "", onAbort: "finish", schedule: { startAtMs: null } },
    state: "running",
    pauseReason: null,
    currentWave: 0,
    fallbackVersion: 6,
    createdBy: "dana",
    waves: [
      { index: 0, name: "first", numTargets: 10, byState: { committed: 5, probation: 2, failed: 1 } },
      { index: 1, name: "rest", numTargets: 90, percent: 100, byState: {} },
    ],
    ...change,
  } as RolloutData;
}

function refusal(command: RolloutCommand, of: RolloutData, session: Session): string | null {
  const look = COMMANDS.find((each) => each.command === command);
  if (look === undefined) throw new Error(`no button for ${command}`);
  return commandRefusal(look, of, session);
}

describe("who may press what", () => {
  test("an operator pauses what runs", () => {
    expect(refusal("pause", rollout(), operator)).toBeNull();
  });

  test("a viewer is told which roles may", () => {
    expect(refusal("pause", rollout(), viewer)).toBe(
      "Your role (viewer) may not do this: this takes the role operator or admin.",
    );
  });

  test("who is not signed in is told to", () => {
    expect(refusal("pause", rollout(), nobody)).toContain("Sign in first");
  });

  test("a command that means nothing now says in which states it does", () => {
    expect(refusal("resume", rollout(), operator)).toBe(
      "Resume needs a rollout that is paused; this one is running.",
    );
  });

  test("nobody approves what he created", () => {
    const own = rollout({ state: "waiting-approval", createdBy: "bob" });

    expect(refusal("approve", own, operator)).toContain("somebody else");
    expect(refusal("deny", own, operator)).toBeNull();
  });

  test("there is no way back to a version that never was", () => {
    expect(refusal("rollback", rollout({ fallbackVersion: null }), operator)).toContain(
      "no version to go back",
    );
  });
});

// Of the 100 devices 5 committed, 2 are on probation, 1 failed, and 92 wait: 10 - 8 in the first wave and 90 in the rest.
describe("what a command would do", () => {
  test.each([
    ["pause", ["not told until somebody resumes: 92 devices", "going on: 2 devices", "version: 5 devices"]],
    ["resume", ["told wave by wave: 92 devices", "do not stop it again: 1."]],
    ["promote", ["“first” passes", "“rest” begins: 90 devices"]],
    ["retry-failed", ["another attempt at digits version 7: 1 device."]],
    ["abort", ["never told: 92 devices", "finishing: 2 devices", "somebody rolls back: 5 devices"]],
    ["rollback", ["to version 6, by a new signed release: 7 devices", "never told: 92 devices"]],
  ] as const)("%s says to how many devices", (command, said) => {
    const text = commandEffects(command, rollout()).join(" ");

    for (const part of said) expect(text).toContain(part);
  });
});

test.each([
  ["pause", "looks slow", "bob paused this rollout 12 s ago (“looks slow”)."],
  ["retry-failed", "", "bob retried the failed devices of this rollout 12 s ago."],
  ["wave passed", "all well", "bob changed this rollout 12 s ago: wave passed (“all well”)."],
])("the event %j with the reason %j is told as %j", (event, reason, text) => {
  expect(deedText({ seq: 1, atMs: 1000, actor: "bob", event, reason }, 13_000)).toBe(text);
});
