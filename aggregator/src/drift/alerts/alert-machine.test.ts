import type { ModelName, TaskId } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SAMPLE_EVIDENCE, sampleAlert } from "../testing/sample-alert.js";
import {
  FALSE_ALARM_WINDOWS,
  openAlert,
  stepAlert,
  type AlertEvent,
  type NoticeKind,
} from "./alert-machine.js";
import type { AlertRecord, AlertSeverity, Evidence } from "./alert-record.js";

const HOUR_MS = 3_600_000;
const [OPENED_AT_MS, NOW_MS] = [40_000_000, 50_000_000];

const seen = (severity: AlertSeverity = "warning", window = 11): AlertEvent => ({
  ...{ type: "seen", window, endsAtMs: 0, version: 3, proposedIn: null },
  evidence: { ...SAMPLE_EVIDENCE, severity },
});
const quiet: AlertEvent = { type: "quiet", beginsAtMs: 0, endsAtMs: 0 };
const by = "ana";
const silence: AlertEvent = { type: "silence", by, untilMs: NOW_MS + HOUR_MS };

/** The event in the window after the last that said something. */
function inNextWindow(event: AlertEvent, { saidUntilMs: beginsAtMs }: AlertRecord): AlertEvent {
  const endsAtMs = beginsAtMs + HOUR_MS;
  if (event.type === "quiet") return { ...event, beginsAtMs, endsAtMs };
  return event.type === "seen" ? { ...event, endsAtMs } : event;
}

/** Steps one after the other at one time, each in a window of its own; what was told. */
function run(events: readonly AlertEvent[], alert = sampleAlert(), atMs = NOW_MS) {
  const notices: (NoticeKind | null)[] = [];
  for (const event of events) {
    const step = stepAlert(alert, inNextWindow(event, alert), atMs);
    alert = step.alert;
    notices.push(step.notice);
  }
  return { alert, notices };
}

function reopened(before: AlertRecord | null, atMs: number, change: Partial<Evidence> = {}) {
  return openAlert({
    ...{ alertId: "next", model: "digits" as ModelName, version: 3, window: 20, windowMs: HOUR_MS },
    endsAtMs: 21 * HOUR_MS,
    ...{ evidence: { ...SAMPLE_EVIDENCE, ...change }, atMs, runbook: "docs", before, proposedIn: null },
  });
}

describe("an alert goes through its states", () => {
  test.each<[string, AlertRecord["state"], AlertEvent[], AlertRecord["state"]]>([
    ["is open when it is seen", "open", [seen()], "open"],
    ["is open after one quiet window", "open", [quiet], "open"],
    ["is over after two", "open", [quiet, quiet], "resolved"],
    ["is open when it is seen between two quiet windows", "open", [quiet, seen(), quiet], "open"],
    ["is acknowledged by a person", "open", [{ type: "acknowledge", by }], "acknowledged"],
    ["stays acknowledged when it is seen", "acknowledged", [seen("critical")], "acknowledged"],
    ["is over after two quiet windows, acknowledged or not", "acknowledged", [quiet, quiet], "resolved"],
    ["is over when a person says so", "open", [{ type: "resolve", by }], "resolved"],
    ["is over when it is called a false alarm", "acknowledged", [{ type: "false-alarm", by }], "resolved"],
    ["stays open when it is silenced", "open", [silence], "open"],
    ["stays over whatever comes", "resolved", [seen("critical"), { type: "acknowledge", by }], "resolved"],
  ])("and %s", (_, state, events, expected) => {
    expect(run(events, { ...sampleAlert(), state }).alert.state).toBe(expected);
  });
});

describe("of windows at one time", () => {
  const quietFrom = (beginsAtMs: number): AlertEvent => ({
    ...{ type: "quiet", beginsAtMs, endsAtMs: beginsAtMs + HOUR_MS },
  });
  const seenUntil = (endsAtMs: number): AlertEvent => ({ ...seen(), endsAtMs }) as AlertEvent;
  /** Steps as they are, with the sample's alert, whose window 10 ends at eleven. */
  const stateAfter = (...events: readonly AlertEvent[]): string =>
    events.reduce((alert, event) => stepAlert(alert, event, NOW_MS).alert, sampleAlert()).state;

  test.each<[string, AlertEvent[], AlertRecord["state"]]>([
    ["two versions' quiet ones are one", [quietFrom(11 * HOUR_MS), quietFrom(11 * HOUR_MS)], "open"],
    ["two in a row are two", [quietFrom(11 * HOUR_MS), quietFrom(12 * HOUR_MS)], "resolved"],
    [
      "one that ends within another is the same",
      [quietFrom(11 * HOUR_MS), quietFrom(11.5 * HOUR_MS)],
      "open",
    ],
    [
      "one beside a window that has the matter is none",
      [seenUntil(12 * HOUR_MS), quietFrom(11 * HOUR_MS), quietFrom(12 * HOUR_MS)],
      "open",
    ],
    [
      "one that is late, of a time before the matter was there, is none",
      [quietFrom(9 * HOUR_MS), quietFrom(11 * HOUR_MS)],
      "open",
    ],
    [
      "a late one that has the matter does not make those after it count anew",
      [seenUntil(13 * HOUR_MS), seenUntil(12 * HOUR_MS), quietFrom(12 * HOUR_MS), quietFrom(13 * HOUR_MS)],
      "open",
    ],
  ])("%s", (_, events, expected) => {
    expect(stateAfter(...events)).toBe(expected);
  });
});

describe("what is told", () => {
  test("is one beginning, however many windows show it, one escalation and one end (invariant 1)", () => {
    const hundred = Array.from({ length: 100 }, () => seen());
    const { notices } = run([...hundred, seen("critical"), ...hundred, seen("critical"), quiet, quiet]);

    expect(notices.filter((notice) => notice !== null)).toEqual(["escalated", "resolved"]);
  });

  test("is nothing while it is silenced; what is there afterwards is told then (invariant 2)", () => {
    const silenced = run([silence, seen("critical"), seen("critical")]);
    expect(silenced.notices).toEqual([null, null, null]);

    const after = run([seen("critical"), seen("critical")], silenced.alert, NOW_MS + HOUR_MS);
    expect(after.notices).toEqual(["escalated", null]);
  });

  test("is no end of what was never told, and none in the silence (invariant 3)", () => {
    const untold = { ...sampleAlert(), told: null };
    expect(run([quiet, quiet], untold).notices).toEqual([null, null]);
    expect(run([silence, quiet, quiet]).notices).toEqual([null, null, null]);
  });

  test("is a beginning when the silence ends over a matter that was never told", () => {
    expect(run([seen()], { ...sampleAlert(), told: null }).notices).toEqual(["opened"]);
  });
});

describe("a matter that comes back", () => {
  const over = run([quiet, quiet]).alert;
  const falseAlarm = run([{ type: "false-alarm", by }]).alert;

  test.each([-5, 0, 5])("one window later, give or take %d ms, is kept and not told yet", (jitterMs) => {
    expect(reopened(over, NOW_MS + HOUR_MS + jitterMs)).toMatchObject({
      ...{ notice: null, alert: { state: "open", told: null } },
    });
  });

  test("two windows later is told", () => {
    expect(reopened(over, NOW_MS + 2 * HOUR_MS)).toMatchObject({ notice: "opened" });
  });

  test("is told when it is still there after the cooldown, once, and so is its end", () => {
    const back = reopened(over, NOW_MS + HOUR_MS).alert;
    const events = [seen(), seen(), quiet, quiet];

    expect(run(events, back, NOW_MS + 2 * HOUR_MS).notices).toEqual(["opened", null, null, "resolved"]);
  });

  test("is not told when it is gone again, nor is its end", () => {
    const back = reopened(over, NOW_MS + HOUR_MS).alert;

    expect(run([seen(), quiet, quiet], back, NOW_MS + HOUR_MS + 1).notices).toEqual([null, null, null]);
  });

  test("is told within the cooldown as soon as it gets graver", () => {
    const back = reopened(over, NOW_MS + HOUR_MS).alert;

    expect(run([seen("critical")], back, NOW_MS + HOUR_MS + 1).notices).toEqual(["opened"]);
  });

  test("within the cooldown is told when it is graver", () => {
    expect(reopened(over, NOW_MS + 1, { severity: "critical" })).toMatchObject({ notice: "opened" });
  });

  test("in spite of a false alarm's mark is another matter, and told at once", () => {
    const endsAtMs = NOW_MS + FALSE_ALARM_WINDOWS * HOUR_MS;
    expect(falseAlarm).toMatchObject({ falseAlarmBy: by, owner: by, cooldownUntilMs: endsAtMs });
    expect(reopened(falseAlarm, NOW_MS + 1)).toMatchObject({ notice: "opened", alert: { told: "warning" } });
  });

  test("was told at once when it was new", () => {
    expect(reopened(null, OPENED_AT_MS)).toMatchObject({ notice: "opened", alert: { told: "warning" } });
  });
});

describe("a proposal to train", () => {
  const critical = sampleAlert({ severity: "critical" });

  test("comes with a critical drift or loss of performance, and with nothing else", () => {
    expect(critical.proposal).toMatchObject({ state: "proposed", baseVersion: 3 });
    expect(sampleAlert({ kind: "performance", severity: "critical" }).proposal?.state).toBe("proposed");
    expect(sampleAlert({ kind: "data-broken", severity: "critical" }).proposal).toBeNull();
    expect(sampleAlert().proposal).toBeNull();
    expect(run([seen("critical")]).alert.proposal?.state).toBe("proposed");
  });

  test("refers to the alert that has the model's, and is made when that is over", () => {
    const referring = run([{ ...seen("critical"), proposedIn: "first" } as AlertEvent]).alert;
    expect(referring).toMatchObject({ proposal: null, proposedIn: "first" });

    const { alert } = run([seen("critical")], referring);
    expect(alert).toMatchObject({ proposal: { state: "proposed" }, proposedIn: null });
  });

  test("is decided by a person, once", () => {
    const decide = (taskId: TaskId | null): AlertEvent => ({ type: "decide", by, taskId });
    const retrain = "retrain" as TaskId;
    const { alert } = run([decide(retrain), decide(null), seen("critical")], critical);

    expect(alert.proposal).toMatchObject({ state: "confirmed", decidedBy: by, taskId: retrain });
    expect(run([decide(null)], critical).alert.proposal).toMatchObject({ state: "dismissed", taskId: null });
  });
});

test("whatever comes in whatever order, a beginning is told once for each severity at most, and an end once, last", () => {
  const event = fc.constantFrom<AlertEvent>(
    ...[seen(), seen("critical"), quiet, silence, { type: "resolve" as const, by }],
    { type: "acknowledge", by },
    { type: "false-alarm", by },
  );
  const steps = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 2 * HOUR_MS })), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (given) => {
      let [alert, atMs] = [sampleAlert(), NOW_MS];
      const told: NoticeKind[] = [];
      for (const [each, waitMs] of given) {
        atMs += waitMs;
        const step = stepAlert(alert, inNextWindow(each, alert), atMs);
        alert = step.alert;
        if (step.notice !== null) told.push(step.notice);
      }

      expect(told.filter((notice) => notice === "escalated").length).toBeLessThanOrEqual(1);
      expect(told.slice(0, -1)).not.toContain("resolved");
      // It was opened before the first step, and told then.
      expect(told).not.toContain("opened");
    }),
  );
});
