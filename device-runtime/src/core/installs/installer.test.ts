import {
  FedgeError,
  MANIFEST_FORMAT,
  encodeManifest,
  encodeSafetensors,
  type BlobRef,
  type ModelManifest,
  type ModelName,
  type NamedTensor,
  type Sha256,
} from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { ServingEngine, TensorValues } from "../ports/engine.js";
import { loadVersion } from "./installer.js";

const model = "digits" as ModelName;

function tensor(name: string, ...values: number[]): NamedTensor {
  return { name, elementType: "float32", shape: [values.length], data: Float32Array.from(values) };
}

/** A version with one weight; its blobs are named by a digit each. */
function bundle({ golden = null as readonly NamedTensor[] | null, weights = [tensor("weight", 1)] } = {}) {
  const blobs = new Map<Sha256, Uint8Array>();
  const put = (digit: string, bytes: Uint8Array): BlobRef => {
    const sha256 = digit.repeat(64) as Sha256;
    blobs.set(sha256, bytes);
    return { sha256, sizeBytes: bytes.byteLength };
  };
  const manifest: ModelManifest = {
    format: MANIFEST_FORMAT,
    model,
    version: 2,
    graphs: { infer: put("1", new Uint8Array(1)) },
    checkpoint: put("2", encodeSafetensors(weights)),
    parameters: [{ name: "weight", elementType: "float32", shape: [1] }],
    state: [],
    inputs: [{ name: "x", elementType: "float32", shape: [null, 2] }],
    outputs: [{ name: "y", elementType: "float32", shape: [null, 1] }],
    proximal: false,
    minRuntimeVersion: "0.1.0",
    lineage: { parentVersion: 1, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 },
    ...(golden === null ? {} : { golden: { tensors: put("3", encodeSafetensors(golden)), tolerance: 0.01 } }),
  };
  const wanted = { model, version: 2, manifest: put("4", encodeManifest(manifest)) };
  const fetch = async ({ sha256 }: BlobRef): Promise<Uint8Array> => blobs.get(sha256) as Uint8Array;
  return { wanted, fetch };
}

/** An engine that answers with `y` and writes down what it is asked. */
function engineOf(answer: () => TensorValues) {
  const asked: TensorValues[] = [];
  const closed: string[] = [];
  const engine: ServingEngine = {
    name: "double@1",
    form: "onnx",
    load: async () => ({
      run: async (inputs) => {
        asked.push(inputs);
        return answer();
      },
      close: async () => void closed.push("closed"),
    }),
  };
  return { engine, asked, closed };
}

const answering = (...values: number[]) =>
  engineOf(() => ({ y: { shape: [1, 1], data: Float32Array.from(values) } }));

describe("a version", () => {
  test("is run once on zeros before it serves", async () => {
    const { wanted, fetch } = bundle();
    const { engine, asked, closed } = answering(1);

    await loadVersion(wanted, { fetch, engine });

    expect(asked).toEqual([{ x: { shape: [1, 2], data: new Float32Array(2) } }]);
    expect(closed).toEqual([]);
  });

  test("that cannot be run does not serve, and is closed again", async () => {
    const { wanted, fetch } = bundle();
    const { engine, closed } = engineOf(() => {
      throw new FedgeError("ENGINE_FAILED", "no");
    });

    await expect(loadVersion(wanted, { fetch, engine })).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    expect(closed).toEqual(["closed"]);
  });

  test("whose checkpoint is another model's is never loaded", async () => {
    const { wanted, fetch } = bundle({ weights: [tensor("bias", 1)] });
    const { engine, asked } = answering(1);

    await expect(loadVersion(wanted, { fetch, engine })).rejects.toMatchObject({ code: "TENSORS_MALFORMED" });
    expect(asked).toEqual([]);
  });
});

describe("golden tensors", () => {
  const golden = [tensor("inputs/x", 3, 4), tensor("outputs/y", 0.5)];

  test.each([0.5, 0.505])("are tried, and an answer of %d within their tolerance serves", async (value) => {
    const { wanted, fetch } = bundle({ golden });
    const { engine, asked } = answering(value);

    await loadVersion(wanted, { fetch, engine });

    expect(asked[0]?.["x"]?.data).toEqual(Float32Array.of(3, 4));
  });

  test.each([
    ["is too far away", [0.52]],
    ["is no number", [NaN]],
    ["has another size", [0.5, 0.5]],
  ])("keep a version from serving whose answer %s", async (_why, values) => {
    const { wanted, fetch } = bundle({ golden });
    const { engine, closed } = answering(...values);

    await expect(loadVersion(wanted, { fetch, engine })).rejects.toMatchObject({
      code: "MODEL_GOLDEN_MISMATCH",
    });
    expect(closed).toEqual(["closed"]);
  });

  test("without an output prove nothing and are refused", async () => {
    const { wanted, fetch } = bundle({ golden: [tensor("inputs/x", 3, 4)] });

    await expect(loadVersion(wanted, { fetch, engine: answering(1).engine })).rejects.toMatchObject({
      code: "MODEL_GOLDEN_MISMATCH",
    });
  });
});
