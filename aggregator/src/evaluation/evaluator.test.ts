import { logistic } from "@fedge/onnx-autodiff/zoo";
import type { ModelManifest } from "@fedge/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { createMemoryBlobStore } from "../blobs/memory-blob-store.js";
import { ManualClock } from "../clock/manual-clock.js";
import { prepareUnchecked } from "../model-check/testing/prepare-unchecked.js";
import { importModel } from "../registry/import-model.js";
import type { ModelImport } from "../service.js";
import { openEmbeddedStore } from "../store/embedded-store.js";
import { loadVersion } from "../tasks/version-maker.js";
import { decodeExampleResults, encodeExampleResults } from "./example-results.js";
import type { EvaluationData } from "./evaluation-data.js";
import { WorkerEvaluator } from "./evaluator.js";

const HANGING = new URL("./testing/hanging-worker.mjs", import.meta.url);
const BUILT = new URL("../../dist/evaluation/evaluation-worker.js", import.meta.url);
const DEADLINE_MS = 300_000;

/** Four examples of two inputs; logits of all-zero weights are equal, so that every loss is log 3. */
const DATA: EvaluationData = {
  dataSet: "held-out",
  numExamples: 4,
  inputs: [
    {
      name: "input",
      elementType: "float32",
      exampleShape: [2],
      data: Float32Array.from([1, 0, 0, 1, 1, 1, 0, 0]),
    },
  ],
  target: {
    name: "target",
    elementType: "int64",
    exampleShape: [],
    data: BigInt64Array.from([0n, 1n, 0n, 2n]),
  },
};

const open: WorkerEvaluator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((evaluator) => evaluator.close()));
});

async function version() {
  const store = await openEmbeddedStore({ directory: null });
  const blobs = createMemoryBlobStore();
  const request: ModelImport = {
    model: "digits" as ModelImport["model"],
    onnx: logistic({ inputs: 2, classes: 3, seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  };
  const { record } = await importModel({ store, blobs, nowMs: () => 0, prepare: prepareUnchecked }, request);
  await store.close();
  return { blobs, ...(await loadVersion(blobs, record)) };
}

function dataFor({ inputs, target }: ModelManifest): EvaluationData {
  const [input] = inputs;
  if (input === undefined || target === undefined) throw new Error("no ports");
  const [only] = DATA.inputs;
  if (only === undefined) throw new Error("no inputs");
  return { ...DATA, inputs: [{ ...only, name: input.name }], target: { ...DATA.target, name: target.name } };
}

describe("a held-out evaluation", () => {
  test("is refused once the evaluator is closed: a new thread would keep the process alive", async () => {
    const { blobs, record, manifest } = await version();
    const source = (): EvaluationData => dataFor(manifest);
    const evaluator = new WorkerEvaluator({ source, blobs, clock: new ManualClock(), entry: HANGING });
    await evaluator.close();

    await expect(evaluator.evaluate(record, manifest)).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("keeps what every example gave, and its sums are those of the examples", async () => {
    const { blobs, record, manifest } = await version();
    const source = (): EvaluationData => dataFor(manifest);
    const evaluator = new WorkerEvaluator({ source, blobs, clock: new ManualClock(), entry: BUILT });
    open.push(evaluator);

    const evaluation = await evaluator.evaluate(record, manifest);

    if (evaluation?.results === null || evaluation === undefined) throw new Error("no results");
    const { losses, correct } = decodeExampleResults(await blobs.get(evaluation.results.sha256));
    const sumOf = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);
    expect(losses).toHaveLength(4);
    expect(sumOf(losses) / 4).toBeCloseTo(evaluation.loss, 5);
    expect(sumOf(correct ?? []) / 4).toBe(evaluation.accuracy);
    expect(losses.every((loss) => loss > 0)).toBe(true);
  });

  test("that hangs ends at its deadline, and the next one gets a new thread", async () => {
    const { blobs, record, manifest } = await version();
    const clock = new ManualClock();
    const evaluator = new WorkerEvaluator({
      source: dataOf,
      blobs,
      clock,
      deadlineMs: DEADLINE_MS,
      entry: HANGING,
    });
    open.push(evaluator);
    const hanging = evaluator.evaluate(record, manifest);
    const told = expect(hanging).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });

    clock.advance(DEADLINE_MS);
    await told;
    const next = evaluator.evaluate(record, manifest);

    expect(clock.numTimers).toBe(1);
    clock.advance(DEADLINE_MS);
    await expect(next).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });

    function dataOf(): EvaluationData {
      return dataFor(manifest);
    }
  });
});

describe("results of single examples", () => {
  const dataSha256 = "0123456789abcdef".repeat(4) as Parameters<typeof encodeExampleResults>[0]["dataSha256"];

  test("are 4 bytes and a bit per example behind 44 bytes, and are read back", () => {
    const results = {
      dataSha256,
      losses: new Float32Array(9).fill(0.5),
      correct: Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 0, 1),
    };

    const bytes = encodeExampleResults(results);

    // Bits from the lowest: 1 + 4 + 8 of the first eight, then 1.
    expect([bytes.length, ...bytes.subarray(80)]).toEqual([44 + 36 + 2, 13, 1]);
    expect(decodeExampleResults(bytes)).toEqual(results);
  });

  test.each([0, 43, 79, 81, 83])("are refused when there are %d bytes of 82", (length) => {
    const losses = new Float32Array(9);
    const bytes = encodeExampleResults({ dataSha256, losses, correct: new Uint8Array(9) });
    const cut = new Uint8Array(length);
    cut.set(bytes.subarray(0, length));

    expect(() => decodeExampleResults(cut)).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPT" }) as Error,
    );
  });
});
