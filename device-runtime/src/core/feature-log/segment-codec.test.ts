import { FedgeError } from "@fedge/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TensorValue } from "../ports/engine.js";
import type { LogRow } from "./log-row.js";
import { firstIdAt, timeOfPrediction } from "./prediction-ids.js";
import { MAX_SHADOW_ROWS } from "./shadow-answer.js";
import { decodeSegment, encodeSegment } from "./segment-codec.js";

const vector = (data: TensorValue["data"]): TensorValue => ({ shape: [data.length], data });

const tensor: fc.Arbitrary<TensorValue> = fc.oneof(
  fc.float32Array({ maxLength: 9 }).map(vector),
  fc.float64Array({ maxLength: 9 }).map(vector),
  fc.bigInt64Array({ maxLength: 9 }).map(vector),
  fc.int32Array({ maxLength: 9 }).map(vector),
  fc.uint8Array({ maxLength: 9 }).map(vector),
);
const name = fc.string({ maxLength: 5 }).filter((text) => text !== "__proto__");
const tensors = fc.dictionary(name, tensor, { maxKeys: 3, noNullPrototype: true });
const field = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));

const shadow = fc.record({
  version: fc.nat(9),
  classes: fc.array(fc.integer({ min: -1, max: 1e6 }), { minLength: 1, maxLength: MAX_SHADOW_ROWS }),
});

const someRows: fc.Arbitrary<LogRow[]> = fc
  .array(
    fc.record({
      model: fc.constantFrom("m", "n"),
      version: fc.nat(3),
      inputs: tensors,
      outputs: fc.option(tensors),
      fields: fc.dictionary(name, field, { maxKeys: 3, noNullPrototype: true }),
      shadow: fc.option(shadow, { nil: undefined }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((given) =>
    given.map(({ shadow: answer, ...row }, at) => {
      const id = `${firstIdAt(1e12 + at)}-0000-a`;
      const beside = answer === undefined ? {} : { shadow: answer };
      return {
        id,
        atMs: timeOfPrediction(id),
        ...row,
        label: null,
        labelledAtMs: null,
        explanation: null,
        ...beside,
      };
    }),
  );

/** What it decodes to, or the code that it is refused with. */
function outcomeOf(bytes: Uint8Array): LogRow[] | string {
  try {
    return decodeSegment(bytes);
  } catch (error) {
    if (error instanceof FedgeError) return error.code;
    throw error;
  }
}

/** A segment with this head and so many bytes of data. */
function segmentOf(text: string, dataBytes = 0): Uint8Array {
  const headBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headBytes + dataBytes).fill(0x20);
  bytes.set(new TextEncoder().encode("FLS1"));
  new DataView(bytes.buffer).setUint32(4, headBytes, true);
  bytes.set(new TextEncoder().encode(text), 8);
  return bytes;
}

describe("a segment", () => {
  test("decodes to the rows that it was made of, whatever forms they have", () => {
    fc.assert(
      fc.property(someRows, (rows) => void expect(decodeSegment(encodeSegment(rows))).toEqual(rows)),
      { numRuns: 300 },
    );
  });

  test("with changed or missing bytes is refused as such, or has rows that lie within it", () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(someRows, fc.array(change, { maxLength: 4 }), fc.nat(20), (rows, changes, numCut) => {
        const whole = encodeSegment(rows);
        const bytes = whole.slice(0, Math.max(0, whole.length - numCut));
        for (const { at, to } of changes) if (bytes.length > 0) bytes[at % bytes.length] = to;
        const outcome = outcomeOf(bytes);
        if (typeof outcome === "string") return void expect(outcome).toBe("STORAGE_FAILED");
        const all = outcome.flatMap(({ inputs, outputs }) => [
          ...Object.values(inputs),
          ...Object.values(outputs ?? {}),
        ]);
        for (const { data } of all) expect(data.buffer.byteLength).toBe(bytes.length);
        return undefined;
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["as devices wrote them before shadows were remembered", undefined, [{ version: 1 }]],
    ["with what a shadow answered", { version: 2, classes: [1, -1] }, [{ shadow: { classes: [1, -1] } }]],
    ["with a class that is no whole number", { version: 2, classes: [0.5] }, "STORAGE_FAILED"],
    ["with a shadow that answered nothing", { version: 2, classes: [] }, "STORAGE_FAILED"],
    ["with more classes than are remembered", { version: 2, classes: Array(65).fill(0) }, "STORAGE_FAILED"],
  ])("of rows %s is read as such or refused", (_, answer, expected) => {
    const text = JSON.stringify({
      forms: [{ model: "m", version: 1, inputs: [], outputs: null }],
      rows: [{ id: `${firstIdAt(1)}-0000-a`, form: 0, shadow: answer }],
    });
    const outcome = outcomeOf(segmentOf(text));

    if (typeof expected === "string") expect(outcome).toBe(expected);
    else expect(outcome).toMatchObject(expected);
    if (answer === undefined) expect(outcome).not.toMatchObject([{ shadow: expect.anything() }]);
  });

  test.each<[string, readonly number[], string]>([
    ["more elements than there are bytes", [4_000_000_000, 4_000_000_000], "float64"],
    ["a product of axes beyond what a number holds", Array<number>(16).fill(2 ** 50), "float32"],
    ["a type that nobody knows", [1], "float16"],
  ])("that speaks of %s is refused before anything is made", (_, shape, type) => {
    const text = JSON.stringify({
      forms: [{ model: "m", version: 1, inputs: [["x", type, shape]], outputs: null }],
      rows: [{ id: `${firstIdAt(1)}-0000-a`, form: 0 }],
    });

    expect(outcomeOf(segmentOf(text, 8))).toBe("STORAGE_FAILED");
  });
});
