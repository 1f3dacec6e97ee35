import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulationResult } from "./result.js";

/** The command as people run it: its threads run the built files. */
const FEDGE = fileURLToPath(new URL("../../bin/fedge.js", import.meta.url));
/** A run starts a database and a broker; on a busy machine that alone takes seconds. */
const PATIENCE_MS = 120_000;

let temporary = "";
const children = new Set<ChildProcess>();
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "fedge-simulate-test-"));
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  return rm(temporary, { recursive: true, force: true });
});

const start = (flags: string) => {
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, [FEDGE, "simulate", ...flags.split(" ")], { env });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
};

const collect = async (child: ReturnType<typeof start>) => {
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stdout, stderr };
};

const run = async (flags: string) => {
  const output = await collect(start(flags));
  const lastLine = output.stdout.trim().split("\n").at(-1) ?? "";
  return {
    ...output,
    result: (lastLine.startsWith("{") ? JSON.parse(lastLine) : null) as SimulationResult | null,
  };
};

const SMALL = "--model logistic --devices 8 --fraction 0.5 --test-examples 200 --json";
const FAULTY = `${SMALL} --rounds 4 --dropout 0.3 --late 0.2 --over-selection 1.5 --min-reports 1 --seed faults`;

describe("fedge simulate", () => {
  test(
    "gives the same checkpoint and the same losses for the same seed, however many threads run the devices",
    async () => {
      const one = (await run(`${FAULTY} --workers 1`)).result;
      const two = (await run(`${FAULTY} --workers 3`)).result;

      expect(two?.finalCheckpointSha256).toBe(one?.finalCheckpointSha256);
      expect(two?.perRound.map(({ reported, dropped, late }) => [reported, dropped, late])).toEqual(
        one?.perRound.map(({ reported, dropped, late }) => [reported, dropped, late]),
      );
      // 4 rounds of 6 devices: all are accounted for, and with half of them failing some of each kind are lost.
      const { dropped = 0, late = 0 } = one?.lostByReason ?? {};
      expect([dropped > 0, late > 0]).toEqual([true, true]);
      expect(one?.perRound.reduce((sum, round) => sum + round.reported, 0)).toBe(24 - dropped - late);
      expect(one?.devicesServingFinalVersion).toBe(8);
    },
    2 * PATIENCE_MS,
  );

  test(
    "prints the result and fails with a sentence when the target is not reached, and leaves nothing behind",
    async () => {
      const { exitCode, stderr, result } = await run(`${SMALL} --rounds 1 --target 0.999`);

      expect({ exitCode, reached: result?.reachedTarget }).toEqual({ exitCode: 1, reached: false });
      expect(stderr).toMatch(/^fedge: accuracy 99\.90 % was not reached in 1 rounds: it is .*\n$/);
      expect(await readdir(temporary)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    "ends cleanly when it is interrupted",
    async () => {
      const child = start("--model logistic --devices 4 --fraction 1 --rounds 100000 --test-examples 100");
      const ended = collect(child);
      await new Promise<void>((resolve) => {
        child.stderr.on("data", (chunk: Buffer) => {
          if (chunk.toString().includes("round 2/")) resolve();
        });
      });

      child.kill("SIGINT");

      expect((await ended).exitCode).toBe(1);
      expect(await readdir(temporary)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test.each([
    ["--data /nowhere", /^fedge: \/nowhere has no train-images-idx3-ubyte/],
    [
      "--model resnet",
      /^fedge: --model takes one of 2nn, logistic, cnn, char-lstm, next-word, not "resnet"\.\n$/,
    ],
    ["--fraction 2", /^fedge: --fraction takes a number above 0 up to 1, not "2"\.\n$/],
  ])(
    "refuses %s in one sentence",
    async (flags, sentence) => {
      const { exitCode, stderr } = await run(`${flags} --quiet`);

      expect(exitCode).toBe(1);
      expect(stderr).toMatch(sentence);
    },
    PATIENCE_MS,
  );
});
