import { FedgeError } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { RolloutBody } from "../../http/schema/rollout-schema.js";
import { sampleGate, sampleRollout, sampleWave } from "../../http/testing/sample-rollouts.js";
import type { Screen, Terminal } from "../terminal.js";
import { changeLines } from "./change-lines.js";
import { createDisplay } from "./watch-display.js";
import { watchRollout } from "./watch.js";

const filling = (committed: number): RolloutBody["waves"] => [
  sampleWave(0, { name: "first", state: "filling", numTargets: 4, byState: { committed } }),
];
const running = (committed: number) =>
  sampleRollout({ state: "running", reason: "started", currentWave: 0, waves: filling(committed) });
const unreachable = new FedgeError("SERVER_UNREACHABLE", "no aggregator answers");

/** Reads what is scripted, one after the other; ends when nothing is left. */
async function watched(readings: readonly (RolloutBody | Error)[]) {
  const shown: RolloutBody[] = [];
  let next = 0;
  let numLost = 0;
  const last = await watchRollout({
    read: async () => {
      const reading = readings[next];
      next += 1;
      if (reading === undefined || reading instanceof Error) throw reading ?? new Error("read too often");
      return reading;
    },
    wait: () => Promise.resolve(),
    isEnded: () => next === readings.length,
    show: (rollout) => shown.push(rollout),
    lost: () => (numLost += 1),
  });
  return { last, shown, numLost };
}

describe("watching", () => {
  test("shows a change once, with and without a new revision", async () => {
    const { shown } = await watched([running(0), running(0), running(1), running(1)]);

    expect(shown).toEqual([running(0), running(1)]);
  });

  test.each(["completed", "aborted", "denied", "rolled-back", "rollback-incomplete"] as const)(
    "ends when the rollout is %s",
    async (state) => {
      const ended = sampleRollout({ state });

      expect((await watched([running(4), ended, running(0)])).last).toEqual(ended);
    },
  );

  test("a pause is not the end", async () => {
    expect((await watched([sampleRollout({ state: "paused" }), running(0)])).last).toBeNull();
  });

  test("goes on while the server restarts, and says so once", async () => {
    const ended = sampleRollout({ state: "completed" });

    const { last, numLost } = await watched([running(0), unreachable, unreachable, running(1), ended]);

    expect([last, numLost]).toEqual([ended, 1]);
  });

  test("fails when the first look does", async () => {
    await expect(watched([unreachable, running(0)])).rejects.toThrow("no aggregator answers");
  });

  test("fails when the rollout was deleted", async () => {
    const deleted = new FedgeError("ROLLOUT_UNKNOWN", "there is no rollout");

    await expect(watched([running(0), deleted, running(0)])).rejects.toThrow("there is no rollout");
  });
});

describe("changes as lines", () => {
  test("the first look tells the state and every wave that has begun", () => {
    const waves = [...filling(1), sampleWave(1)];

    expect(
      changeLines(null, sampleRollout({ state: "running", reason: "started", currentWave: 0, waves })),
    ).toEqual([
      "2023-11-14T22:13:20Z  running, wave 1 of 2: started",
      "2023-11-14T22:13:20Z  wave 1 (first) filling: 1/4 committed",
    ]);
  });

  test("afterwards only what is different", () => {
    expect(changeLines(running(1), running(2))).toEqual([
      "2023-11-14T22:13:20Z  wave 1 (first) filling: 2/4 committed",
    ]);
    expect(changeLines(running(1), running(1))).toEqual([]);
  });

  test("a gate that changes its verdict is a line with its numbers", () => {
    const [wave] = filling(4);
    const before = sampleRollout({ waves: [sampleWave(0, { ...wave, gates: [sampleGate()] })] });
    const failed = sampleGate({ verdict: "fail", value: 0.05, reason: "worse" });
    const after = sampleRollout({ waves: [sampleWave(0, { ...wave, gates: [failed] })] });

    expect(changeLines(before, after)).toEqual([
      "2023-11-14T22:13:20Z  wave 1: fail: error-rate: 5.00 % against 2.00 %, fails at 3.00 %; worse",
    ]);
  });
});

function terminalDouble(change: Partial<Terminal> = {}) {
  const written: string[] = [];
  const terminal: Terminal = {
    out: (text) => void written.push(text),
    err: () => undefined,
    width: 80,
    screen: (): Screen | null => ({ columns: 80, rows: 24 }),
    askSecrets: async () => [],
    isInteractive: true,
    env: { NO_COLOR: "1" },
    isJson: false,
    fail: () => undefined,
    ...change,
  };
  return { terminal, written };
}

describe("what is drawn", () => {
  test("on a screen the next picture stands where the last one stood", () => {
    const { terminal, written } = terminalDouble();
    const { show } = createDisplay(terminal);

    show(running(1));
    show(running(2));

    const lines = written[0]?.trimEnd().split("\n") ?? [];
    expect(lines).toHaveLength(6); // head, reason, blank, wave, blank, legend
    expect(written[1]?.startsWith("\u{1b}[6A\r\u{1b}[J")).toBe(true);
    expect(written[1]).toContain("2/4 committed");
  });

  test("what is said in between is not drawn over", () => {
    const { terminal, written } = terminalDouble();
    const { show, note } = createDisplay(terminal);

    show(running(1));
    note("fedge: something.\n");
    show(running(2));

    expect(written[1]?.startsWith("\r\u{1b}[Jdigits-7-staged")).toBe(true);
  });

  test("a picture that is higher than the screen is cut, so that it can be drawn over", () => {
    const { terminal, written } = terminalDouble({ screen: () => ({ columns: 60, rows: 4 }) });

    createDisplay(terminal).show(running(1));

    const lines = written[0]?.trimEnd().split("\n") ?? [];
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe("… 4 more lines; make the window higher");
  });

  test("with --json every change is a line of JSON", () => {
    const { terminal, written } = terminalDouble({ isJson: true });
    const { show } = createDisplay(terminal);

    show(running(1));
    show(running(2));

    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([running(1), running(2)]);
  });
});
