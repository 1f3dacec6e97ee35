import { describe, expect, test } from "vitest";
import {
  sampleGate,
  sampleRollout,
  sampleRolloutConfig,
  sampleWave,
} from "../../http/testing/sample-rollouts.js";
import { hasColours, paintLines } from "./paint.js";
import { rolloutPicture, stateText } from "./rollout-picture.js";

const SOAKS_UNTIL_MS = 1_700_000_600_000; // 2023-11-14T22:23:20Z

function runningRollout() {
  const internal = { name: "internal", numTargets: 12, numReached: 12, byState: { committed: 12 } };
  const counts = { committed: 40, told: 10, probation: 7, failed: 2, "timed-out": 1, queued: 40 };
  return sampleRollout({
    state: "running",
    reason: "wave 1 passed",
    currentWave: 1,
    revision: 12,
    waves: [
      sampleWave(0, { ...internal, state: "passed", gates: [sampleGate()] }),
      sampleWave(1, {
        ...{ name: "1 %", percent: 1, state: "soaking", soaksUntilMs: SOAKS_UNTIL_MS },
        ...{ numTargets: 100, numReached: 57, byState: counts },
        gates: [
          sampleGate({
            ...{ gate: "install", verdict: "fail", value: 0.93, control: null, limit: 0.95 },
            reason: "3 of 43 reports failed",
          }),
          sampleGate({ segment: "region == eu" }),
          sampleGate({
            ...{ gate: "latency-p95", verdict: "inconclusive", value: 12.3456, control: 11, limit: 16.5 },
            reason: "120 of 500 predictions",
          }),
        ],
      }),
      sampleWave(2, { name: "everyone" }),
    ],
  });
}

const plain = (rollout = runningRollout(), width: number | null = null): string[] =>
  paintLines(rolloutPicture(rollout), { width, colours: false });

describe("the picture of a rollout", () => {
  // Of 24 cells: 40 % are 9.6, 17 % are 4.08, 3 % are less than one and get one, 40 % are 9.6; the cell that is left
  // goes to the largest group, the first of two that are equal.
  test("shows waves as bars, and the gates of the present wave", () => {
    expect(plain()).toEqual([
      "digits-7-staged  digits@7  running, wave 2 of 3  revision 12",
      "  wave 1 passed",
      "",
      "✔ internal  100 %  ████████████████████████  passed: 12/12 committed",
      "▶ 1 %         1 %  ██████████▒▒▒▒╳░░░░░░░░░  soaking: 40/100 committed, 3 failed, 17 under way; 57 reached; until 2023-11-14T22:23:20Z",
      "    ✖ install: 93.00 %, passes at 95.00 %; 3 of 43 reports failed",
      "    ✔ error-rate in region == eu: 2.10 % against 2.00 %, fails at 3.00 %; not worse than the control cohort by 1 point",
      "    ? latency-p95: 12.35 against 11, fails at 16.5; 120 of 500 predictions",
      "· everyone  100 %                            pending",
      "",
      "█ committed  ▒ under way  ╳ failed  ╌ gone  ░ waiting",
    ]);
  });

  test("says whom it is for and why it is paused", () => {
    const config = sampleRolloutConfig({ filter: "platform == browser*" });
    const paused = sampleRollout({ config, state: "paused", pauseReason: "metric-failed", currentWave: 0 });

    expect(stateText(paused)).toBe("paused (metric-failed), wave 1 of 5");
    expect(plain(paused)[2]).toBe("  for platform == browser*");
  });

  test("shows what a comparison has found", () => {
    const comparison = {
      metric: "proxy:accepted",
      arms: [
        { version: 6, sample: 1000, value: 0.5, share: 0.5 },
        { version: 7, sample: 990, value: null, share: 0.5 },
      ],
      ...{ difference: 0.02, interval: [-0.01, 0.05] as const, pValue: 0.0312 },
      ...{ requiredSample: 4000, verdict: "not decided before the horizon" },
    };

    const lines = plain(sampleRollout({ waves: [sampleWave(0)], comparison }));

    expect(lines.slice(4, 8)).toEqual([
      "",
      "  proxy:accepted: not decided before the horizon, difference 2.00 %, 95 % from -1.00 % to 5.00 %, p 0.0312",
      "    version 6  50 %  50.00 %  1000 of 4000 observations",
      "    version 7  50 %  nothing yet  990 of 4000 observations",
    ]);
  });

  test("wants no sample of a shadow, which states no power", () => {
    const comparison = {
      ...{ metric: "agreement", difference: null, interval: null, pValue: null, requiredSample: 0 },
      arms: [{ version: 7, sample: 100, value: 0.9, share: 1 }],
      verdict: "100 requests compared",
    };

    const lines = plain(sampleRollout({ waves: [sampleWave(0)], comparison }));

    expect(lines.slice(5, 7)).toEqual([
      "  agreement: 100 requests compared",
      "    version 7  100 %  90.00 %  100 observations",
    ]);
  });

  test("fits a narrow screen, and says where it was cut", () => {
    const lines = plain(runningRollout(), 30);

    expect(lines[0]).toBe("digits-7-staged  digits@7  ru…");
    expect(lines.every((line) => [...line].length <= 30)).toBe(true);
  });

  test("says the same with colours as without", () => {
    const coloured = paintLines(rolloutPicture(runningRollout()), { width: null, colours: true });

    const stripped = coloured.map((line) => line.replaceAll(/\u{1b}\[\d+m/gu, "").trimEnd());
    expect(stripped).toEqual(plain());
    expect(coloured[0]).toContain("\u{1b}[36mrunning, wave 2 of 3\u{1b}[39m");
  });

  test("a name cannot take hold of the terminal", () => {
    const rollout = sampleRollout({ reason: "\u{1b}[2Jgone" });

    expect(plain(rollout)[1]).toBe("  \u{fffd}[2Jgone");
  });
});

describe("colours", () => {
  const screen = { columns: 80, rows: 24 };

  test.each([
    ["a screen", {}, screen, true],
    ["a file", {}, null, false],
    ["a person who refuses them", { NO_COLOR: "1" }, screen, false],
    ["an empty NO_COLOR", { NO_COLOR: "" }, screen, true],
    ["a terminal without them", { TERM: "dumb" }, screen, false],
  ])("%s", (_name, env, shown, expected) => {
    expect(hasColours({ env }, shown)).toBe(expected);
  });
});
