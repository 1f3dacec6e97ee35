import { createRandom, encodeUpdate } from "@fedge/protocol";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import { FixedPointFold } from "./fold.js";
import type { FoldWorker, FoldWorkerOptions } from "./fold-worker.js";

// A thread runs compiled code, so these tests are about the build.
const built = new URL("../../dist/aggregation/fold-worker.js", import.meta.url).href;
const module = (await import(built)) as { FoldWorker: typeof FoldWorker };

const bounds = { numParameters: 1000, maxNorm: 100, maxExamplesPerDevice: 1000, maxCohortSize: 100 };

function update(seed: string): Uint8Array<ArrayBuffer> {
  const random = createRandom(seed);
  const values = Float32Array.from({ length: bounds.numParameters }, () => random.unit() - 0.5);
  return encodeUpdate(values, "float32", random);
}

let directory: string;
let workers: FoldWorker[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fold-worker-"));
  workers = [];
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  rmSync(directory, { recursive: true });
});

function start(options: FoldWorkerOptions = {}): FoldWorker {
  const worker = new module.FoldWorker(directory, options);
  workers.push(worker);
  return worker;
}

async function addAll(worker: FoldWorker, seeds: readonly string[]): Promise<void> {
  for (const [index, seed] of seeds.entries()) {
    await worker.check(update(seed), "float32");
    await worker.add(index + 1);
  }
}

function sumOf(seeds: readonly string[]): FixedPointFold {
  const fold = new FixedPointFold(bounds);
  seeds.forEach((seed, index) => fold.add(update(seed), "float32", index + 1));
  return fold;
}

test("the thread's mean is the bits of a fold in the caller's own thread", async () => {
  const worker = start();
  await worker.begin(bounds);
  await addAll(worker, ["a", "b", "c"]);

  expect(await worker.mean()).toEqual(sumOf(["a", "b", "c"]).mean());
});

test("a whole buffer moves to the thread, and a part of one is copied", async () => {
  const worker = start();
  await worker.begin(bounds);
  const whole = update("a");
  const larger = new Uint8Array(whole.length + 8);
  larger.set(whole, 8);
  const part = larger.subarray(8);

  const moved = await worker.check(whole, "float32");
  const copied = await worker.check(part, "float32");

  expect([whole.byteLength, part.byteLength]).toEqual([0, 4000]);
  expect(copied).toEqual(moved);
});

test("an error in the thread keeps its code, and the sum goes on", async () => {
  const worker = start();
  await worker.begin(bounds);

  await expect(worker.check(new Uint8Array(3), "float32")).rejects.toMatchObject({
    code: "UPDATE_TRUNCATED",
  });
  await addAll(worker, ["a"]);

  expect(await worker.mean()).toEqual(sumOf(["a"]).mean());
});

test("a body that was moved away before is refused as empty", async () => {
  const worker = start();
  await worker.begin(bounds);
  const body = update("a");
  await worker.check(body, "float32");

  await expect(worker.check(body, "float32")).rejects.toMatchObject({ code: "UPDATE_TRUNCATED" });
});

test("a new round begins at zero", async () => {
  const worker = start();
  await worker.begin(bounds);
  await addAll(worker, ["a", "b"]);
  await worker.begin(bounds);
  await addAll(worker, ["c"]);

  expect(await worker.mean()).toEqual(sumOf(["c"]).mean());
});

describe("a snapshot file", () => {
  test.each([false, true])(
    "forced to disk: %s, holds the hash and the size that are reported",
    async (isForcedToDisk) => {
      const worker = start({ isForcedToDisk });
      await worker.begin(bounds);
      await addAll(worker, ["a"]);

      const kept = await worker.snapshot("round-1.fold");

      const bytes = readFileSync(join(directory, "round-1.fold"));
      expect(kept).toEqual({
        fileName: "round-1.fold",
        sha256: createHash("sha256").update(bytes).digest("hex"),
        sizeBytes: bytes.length,
      });
      expect(readdirSync(directory)).toEqual(["round-1.fold"]);
    },
  );

  test("lets another thread go on with the same bits", async () => {
    const first = start();
    await first.begin(bounds);
    await addAll(first, ["a", "b"]);
    const kept = await first.snapshot("kept.fold");
    await first.close();

    const second = start();
    await second.restore(bounds, kept);
    await second.check(update("c"), "float32");
    await second.add(3);

    expect(await second.mean()).toEqual(sumOf(["a", "b", "c"]).mean());
  });

  const damages: readonly (readonly [what: string, damage: (path: string) => void])[] = [
    ["missing", (path) => rmSync(path)],
    ["cut short", (path) => truncateSync(path, 100)],
    [
      "changed in one bit",
      (path) => {
        const bytes = readFileSync(path);
        bytes[5000]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ];

  test.each(damages)("that is %s is refused, and the sum is then empty", async (_what, damage) => {
    const worker = start();
    await worker.begin(bounds);
    await addAll(worker, ["a"]);
    const kept = await worker.snapshot("kept.fold");
    damage(join(directory, "kept.fold"));

    await expect(worker.restore(bounds, kept)).rejects.toMatchObject({ code: "DATA_CORRUPT" });

    await addAll(worker, ["b"]);
    expect(await worker.mean()).toEqual(sumOf(["b"]).mean());
  });

  test("of another model is refused though its hash is right", async () => {
    const worker = start();
    await worker.begin(bounds);
    await addAll(worker, ["a"]);
    const kept = await worker.snapshot("kept.fold");

    await expect(worker.restore({ ...bounds, numParameters: 999 }, kept)).rejects.toMatchObject({
      code: "DATA_CORRUPT",
    });
  });

  test("is read as its bytes, and refused when one bit of them is another", async () => {
    const worker = start();
    await worker.begin(bounds);
    await addAll(worker, ["a"]);
    const kept = await worker.snapshot("kept.fold");
    const path = join(directory, "kept.fold");
    const bytes = readFileSync(path);

    expect(Buffer.from(await worker.readSnapshot(kept))).toEqual(bytes);
    bytes[50] = (bytes[50] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(worker.readSnapshot(kept)).rejects.toMatchObject({ code: "DATA_CORRUPT" });
  });

  test("goes when it is forgotten, and forgetting again is no error", async () => {
    const worker = start();
    await worker.begin(bounds);
    await worker.snapshot("kept.fold");

    await worker.forgetSnapshot("kept.fold");
    await worker.forgetSnapshot("kept.fold");

    expect(existsSync(join(directory, "kept.fold"))).toBe(false);
  });

  test.each(["../outside.fold", "in/side.fold", "..", ""])("is never named %j", async (fileName) => {
    const worker = start();
    await worker.begin(bounds);

    await expect(worker.snapshot(fileName)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("that cannot be written is reported, and leaves nothing behind", async () => {
    const worker = new module.FoldWorker(join(directory, "nowhere"));
    workers.push(worker);
    await worker.begin(bounds);

    await expect(worker.snapshot("kept.fold")).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("calls that can no longer be answered", () => {
  const threadOf = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const silent = threadOf(
    `import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {});`,
  );

  test("reject when the thread misses the deadline, and so do all later ones", async () => {
    const clock = new ManualClock();
    const worker = start({ clock, deadlineMs: 1000, entry: silent });
    const calls = [worker.begin(bounds), worker.mean()];

    clock.advance(1000);

    const outcomes = await Promise.allSettled([...calls, worker.begin(bounds)]);
    const rejected = { status: "rejected", reason: { code: "DEADLINE_EXCEEDED" } };
    expect(outcomes).toMatchObject([rejected, rejected, rejected]);
  });

  test.each([
    ["exits", `process.exit(3)`],
    ["throws", `throw new Error("no")`],
    [
      "exits at its first request",
      `import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(0));`,
    ],
  ])("reject when the thread %s, and so do all later ones", async (_what, source) => {
    const worker = start({ entry: threadOf(source) });

    const outcomes = await Promise.allSettled([worker.begin(bounds), worker.mean()]);

    const rejected = { status: "rejected", reason: { code: "INTERNAL" } };
    expect(outcomes).toMatchObject([rejected, rejected]);
    await expect(worker.begin(bounds)).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("leave no timer behind once answered", async () => {
    const clock = new ManualClock();
    const worker = start({ clock });

    await worker.begin(bounds);

    expect(clock.numTimers).toBe(0);
  });

  test("reject with CLOSED when the fold is closed, which may happen twice", async () => {
    const worker = start();
    const call = worker.begin(bounds);
    const outcome = expect(call).rejects.toMatchObject({ code: "CLOSED" });

    await worker.close();
    await worker.close();

    await outcome;
    await expect(worker.mean()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
