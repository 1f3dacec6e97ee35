import { readdirSync, readFileSync } from "node:fs";
import { FedgeError } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import { describeModel } from "./describe-model.js";

/** Small enough that hundreds of mutants of each are read in seconds. */
const MAX_FIXTURE_BYTES = 40_000;
const FIXTURES = new URL("../../fixtures/", import.meta.url);
const MAX_MS = 1000;

const models = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".onnx"))
  .map((name) => [name, new Uint8Array(readFileSync(new URL(name, FIXTURES)))] as const)
  .filter(([, bytes]) => bytes.length <= MAX_FIXTURE_BYTES);

type Mutation = (bytes: Uint8Array) => Uint8Array;

const place = fc.nat(2 ** 20);
const overwrite = fc
  .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 10 }))
  .map(([at, values]): Mutation => (bytes) => {
    const start = at % bytes.length;
    return splice(bytes, start, start + values.length, values);
  });
const insert = fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
  ([at, values]): Mutation =>
    (bytes) =>
      splice(bytes, at % bytes.length, at % bytes.length, values),
);
const remove = fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(
  ([at, length]): Mutation =>
    (bytes) =>
      splice(bytes, at % bytes.length, (at % bytes.length) + length, new Uint8Array(0)),
);
const repeat = fc
  .tuple(place, place, fc.integer({ min: 1, max: 200 }))
  .map(([from, to, length]): Mutation => (bytes) => {
    const start = from % bytes.length;
    return splice(bytes, to % bytes.length, to % bytes.length, bytes.slice(start, start + length));
  });
const flipBit = fc.tuple(place, fc.nat(7)).map(([at, bit]): Mutation => (bytes) => {
  const mutated = bytes.slice();
  const index = at % bytes.length;
  mutated[index] = (mutated[index] ?? 0) ^ (1 << bit);
  return mutated;
});
const cut = place.map(
  (at): Mutation =>
    (bytes) =>
      bytes.slice(0, at % bytes.length),
);
const mutations = fc.array(fc.oneof(overwrite, insert, remove, repeat, flipBit, flipBit, cut), {
  minLength: 1,
  maxLength: 6,
});

function splice(bytes: Uint8Array, start: number, end: number, middle: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, start), ...middle, ...bytes.subarray(end)]);
}

/** The code that reading throws, or undefined; an error that is not ours is thrown on. */
function codeOf(bytes: Uint8Array): string | undefined {
  try {
    describeModel(bytes);
    buildTrainingGraphs(bytes, { loss: "mean-squared-error" });
    return undefined;
  } catch (error) {
    if (error instanceof FedgeError) return error.code;
    throw error;
  }
}

describe("a damaged model gives graphs or an ONNX error, never another error, within a second", () => {
  test.each(models)("%s", (_, original) => {
    fc.assert(
      fc.property(mutations, (changes) => {
        const bytes = changes.reduce<Uint8Array>(
          (current, change) => (current.length > 0 ? change(current) : current),
          original,
        );
        const startedAtMs = performance.now();
        const code = codeOf(bytes) ?? "ONNX_";
        const tookMs = performance.now() - startedAtMs;

        expect(code).toMatch(/^ONNX_/);
        expect(tookMs).toBeLessThan(MAX_MS);
      }),
      { numRuns: 100 },
    );
  });
});
