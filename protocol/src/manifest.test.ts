import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  bundleFiles,
  decodeManifest,
  encodeManifest,
  MAX_MANIFEST_BYTES,
  numScalars,
  type ModelManifest,
} from "./manifest.js";

const golden = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL("../fixtures/golden/manifest.json", import.meta.url)));
const MANIFEST = JSON.parse(new TextDecoder().decode(golden())) as ModelManifest;

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const invalid = expect.objectContaining({ code: "MANIFEST_INVALID" }) as Error;
const parameter = (name: string, ...shape: number[]): ModelManifest["parameters"][number] => ({
  name,
  elementType: "float32",
  shape,
});

describe("the golden manifest", () => {
  test("is read whole", () => {
    expect(decodeManifest(golden())).toEqual(MANIFEST);
  });

  test("is written as the same bytes, whatever the order of the fields in memory", () => {
    const reversed = Object.fromEntries(Object.entries(MANIFEST).reverse()) as unknown as ModelManifest;

    expect(encodeManifest(reversed)).toEqual(golden());
  });
});

test("optional fields may be missing and stay missing", () => {
  const { target: _target, loss: _loss, golden: _golden, ...rest } = MANIFEST;
  const inferOnly = { ...rest, graphs: { infer: rest.graphs.infer } };

  expect(decodeManifest(encodeManifest(inferOnly))).toEqual(inferOnly);
});

test("a graph that explains is one of the bundle's files", () => {
  const attribution = { sha256: "ab".repeat(32), sizeBytes: 9 } as ModelManifest["checkpoint"];
  const explained = { ...MANIFEST, graphs: { ...MANIFEST.graphs, attribution } };

  expect(bundleFiles(decodeManifest(encodeManifest(explained)))).toContainEqual(attribution);
});

test("unknown fields are dropped, so that they do not change the canonical bytes", () => {
  expect(encodeManifest(decodeManifest(bytesOf({ ...MANIFEST, colour: "red" })))).toEqual(golden());
});

describe("a manifest is refused when", () => {
  const { graphs, lineage, inputs } = MANIFEST;
  const required = ["format", "model", "version", "graphs", "checkpoint", "parameters", "state", "inputs"];
  test.each([...required, "outputs", "proximal", "minRuntimeVersion", "lineage"])(
    "%s is missing",
    (field) => {
      expect(() => decodeManifest(bytesOf({ ...MANIFEST, [field]: undefined }))).toThrow(invalid);
    },
  );

  test.each([
    ["its format is another", { format: 2 }],
    ["its version is 0", { version: 0 }],
    ["its model is no identifier", { model: "../digits" }],
    ["there is no graph to infer with", { graphs: { ...graphs, infer: undefined } }],
    ["a graph's hash is short", { graphs: { ...graphs, train: { sha256: "01", sizeBytes: 1 } } }],
    ["a graph that explains is no reference", { graphs: { ...graphs, attribution: "ab".repeat(32) } }],
    ["a graph is empty", { graphs: { ...graphs, eval: { sha256: "01".repeat(32), sizeBytes: 0 } } }],
    ["the checkpoint is no reference", { checkpoint: "01".repeat(32) }],
    ["a parameter has no name", { parameters: [parameter("", 1)] }],
    ["a parameter has 17 axes", { parameters: [parameter("a", ...Array<number>(17).fill(1))] }],
    ["a parameter has an open axis", { parameters: [{ ...parameter("a"), shape: [null] }] }],
    ["a parameter has a negative axis", { parameters: [parameter("a", -1)] }],
    ["a parameter's element type is unknown", { parameters: [{ ...parameter("a"), elementType: "float8" }] }],
    ["two parameters have one name", { parameters: [parameter("a", 1), parameter("a", 1)] }],
    ["a parameter and a state tensor have one name", { parameters: [parameter("norm.mean", 1)] }],
    [
      "it has too many parameters",
      { parameters: [parameter("a", 100_000, 1000)], state: [parameter("b", 1)] },
    ],
    ["its state would take exabytes", { state: [parameter("b", ...Array<number>(16).fill(2 ** 31 - 1))] }],
    ["it has too many tensors", { parameters: Array.from({ length: 4097 }, (_, at) => parameter(`t${at}`)) }],
    ["it has no input", { inputs: [] }],
    [
      "it has 65 inputs",
      { inputs: Array.from({ length: 65 }, (_, at) => ({ ...inputs[0], name: `i${at}` })) },
    ],
    ["two inputs have one name", { inputs: [inputs[0], inputs[0]] }],
    ["it has no output", { outputs: [] }],
    ["its tolerance is 0", { golden: { tensors: MANIFEST.checkpoint, tolerance: 0 } }],
    ["proximal is no boolean", { proximal: 1 }],
    ["its loss is too long", { loss: "x".repeat(257) }],
    ["its parent is version 0", { lineage: { ...lineage, parentVersion: 0 } }],
    ["its round is no identifier", { lineage: { ...lineage, roundId: "a/b" } }],
    ["it counts a negative number of examples", { lineage: { ...lineage, numExamples: -1 } }],
  ])("%s", (_, change) => {
    expect(() => decodeManifest(bytesOf({ ...MANIFEST, ...change }))).toThrow(invalid);
  });

  test.each([
    ["no JSON", new TextEncoder().encode("{")],
    ["not UTF-8", Uint8Array.of(0xff)],
    ["null", bytesOf(null)],
    ["an array", bytesOf([])],
  ])("it is %s", (_, bytes) => {
    expect(() => decodeManifest(bytes)).toThrow(invalid);
  });

  test("it is larger than 1 MiB, before it is parsed", () => {
    const padded = new Uint8Array(MAX_MANIFEST_BYTES + 1).fill(0x20);
    padded.set(golden());

    expect(() => decodeManifest(padded)).toThrow(invalid);
  });
});

describe("a manifest is not written when", () => {
  test("a reader would refuse its names", () => {
    const manifest = { ...MANIFEST, parameters: [parameter("a", 1), parameter("a", 1)] };

    expect(() => encodeManifest(manifest)).toThrow(invalid);
  });

  test("a reader would refuse its size", () => {
    const names = Array.from({ length: 4096 }, (_, at) => parameter(`${"n".repeat(400)}${at}`, 1));

    expect(() => encodeManifest({ ...MANIFEST, parameters: names })).toThrow(invalid);
  });
});

test("scalars are counted over all tensors, one for a tensor without axes", () => {
  expect(
    numScalars([parameter("a", 784, 10), parameter("b", 10), parameter("c"), parameter("d", 0, 5)]),
  ).toBe(7851);
});
