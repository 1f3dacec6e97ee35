import type { DeviceId, Evaluated } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { numWith, openRun, stepRun, type RunEvent, type RunState } from "./run-machine.js";

const [ana, ben, cleo, dan] = ["ana", "ben", "cleo", "dan"] as [DeviceId, DeviceId, DeviceId, DeviceId];
const reply = {
  ...{ type: "evaluated", runId: "run", attempt: 1, numExamples: 1, numTerms: 1 },
  results: [{ version: 1, numCorrect: 1, lossSum: 0 }],
} as unknown as Evaluated;

const replied = (deviceId: DeviceId): RunEvent => ({ type: "replied", deviceId, reply });
const declined = (deviceId: DeviceId): RunEvent => ({ type: "declined", deviceId, reason: "not-now" });
const left = (deviceId: DeviceId): RunEvent => ({ type: "left", deviceId });

/** A run that asks two at a time; what was done, in order. */
function run(candidates: readonly DeviceId[], ...events: readonly RunEvent[]) {
  let { state, effects } = openRun(candidates, 2);
  const done = effects.map((effect) => (effect.type === "ask" ? `ask ${effect.deviceId}` : effect.type));
  for (const event of events) {
    ({ state, effects } = stepRun(state, event));
    done.push(...effects.map((effect) => (effect.type === "ask" ? `ask ${effect.deviceId}` : effect.type)));
  }
  return { state, done };
}

describe("an evaluation on devices", () => {
  test("asks as many as are wanted, and closes when all of them have answered", () => {
    expect(run([ana, ben, cleo], replied(ana), replied(ben)).done).toEqual(["ask ana", "ask ben", "close"]);
  });

  test("asks the next of the reserve for one that declines, and for one that leaves", () => {
    expect(run([ana, ben, cleo, dan], declined(ana), left(ben)).done).toEqual([
      "ask ana",
      "ask ben",
      "ask cleo",
      "ask dan",
    ]);
  });

  test("closes when nobody is left to wait for", () => {
    const { state, done } = run([ana, ben], declined(ana), left(ben));

    expect(done.at(-1)).toBe("close");
    expect(numWith(state, "answered")).toBe(0);
  });

  test("counts whoever has not answered at the deadline as lost", () => {
    const { state } = run([ana, ben], replied(ana), { type: "expired" });

    expect([state.closed?.type, numWith(state, "answered"), numWith(state, "lost")]).toEqual([
      "expired",
      1,
      1,
    ]);
  });

  test("takes the answer of one that left and came back while there is room", () => {
    const { state } = run([ana, ben], left(ana), replied(ana));

    expect(numWith(state, "answered")).toBe(1);
  });

  test("does not take it when its place was given to another", () => {
    const { state } = run([ana, ben, cleo], left(ana), replied(ana));

    expect(numWith(state, "answered")).toBe(0);
  });

  test.each([
    ["a second answer", [replied(ana), replied(ana)], 1],
    ["an answer after a refusal", [declined(ana), replied(ana)], 0],
    ["an answer of a stranger", [replied(dan)], 0],
    ["an answer after the deadline", [{ type: "expired" } as const, replied(ana)], 0],
  ])("is not changed by %s", (_what, events, numAnswered) => {
    expect(numWith(run([ana, ben, cleo], ...events).state, "answered")).toBe(numAnswered);
  });
});

test("F1, F3, F4: whatever devices say, none is asked twice, and a run is open only while somebody is waited for", () => {
  const devices = Array.from({ length: 8 }, (_, at) => `device-${at}` as DeviceId);
  const device = fc.constantFrom(...devices);
  const event = fc.oneof(
    { weight: 9, arbitrary: fc.oneof(device.map(replied), device.map(declined), device.map(left)) },
    { weight: 1, arbitrary: fc.constant<RunEvent>({ type: "expired" }) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (events, numDevices) => {
      let step = openRun(devices, numDevices);
      const asked: DeviceId[] = [];
      let numCloses = 0;
      const look = (state: RunState): void => {
        asked.push(...step.effects.flatMap((effect) => (effect.type === "ask" ? [effect.deviceId] : [])));
        numCloses += step.effects.filter((effect) => effect.type === "close").length;
        expect(numWith(state, "asked") + numWith(state, "answered")).toBeLessThanOrEqual(numDevices);
        expect(state.closed === null).toBe(numWith(state, "asked") > 0);
      };
      look(step.state);
      for (const one of events) {
        step = stepRun(step.state, one);
        look(step.state);
      }
      expect(new Set(asked).size).toBe(asked.length);
      expect(numCloses).toBe(step.state.closed === null ? 0 : 1);
    }),
  );
});
