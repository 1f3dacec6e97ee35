import { spawnSync } from "node:child_process";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeManifest, decodeSafetensors, type BlobRef, type ModelName } from "@fedge/protocol";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryBlobStore } from "../blobs/memory-blob-store.js";
import { prepareUnchecked } from "../model-check/testing/prepare-unchecked.js";
import type { ExportFormat } from "../service.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { DatabaseStore } from "../store/drizzle-store.js";
import { openEmbeddedStore } from "../store/embedded-store.js";
import { exportVersion } from "./export-version.js";
import { importModel, type RegistryPorts } from "./import-model.js";

const PYTHON = "/usr/bin/python3";
const hasOnnx = spawnSync(PYTHON, ["-c", "import onnx"]).status === 0;

let store: DatabaseStore;
let ports: RegistryPorts;
let record: VersionRecord;

beforeAll(async () => {
  store = await openEmbeddedStore({ directory: null });
  ports = {
    store,
    blobs: createMemoryBlobStore(),
    nowMs: () => 0,
    prepare: prepareUnchecked,
  };
  const imported = await importModel(ports, {
    model: "digits" as ModelName,
    onnx: logistic({ inputs: 4, classes: 3, seed: 1 }),
    training: { loss: "softmax-cross-entropy", optimizer: { kind: "sgd", momentum: 0.9 } },
  });
  record = imported.record;
});
afterAll(() => store.close());

async function exported(format: ExportFormat, layers?: BlobRef): Promise<Uint8Array> {
  const stored = decodeManifest(await ports.blobs.get(record.manifest.sha256));
  const graphs = layers === undefined ? stored.graphs : { ...stored.graphs, layers };
  const manifest = { ...stored, graphs };
  return exportVersion(ports.blobs, { record, manifest }, format);
}

const example = (): Tensor => new Tensor("float32", Float32Array.of(1, -2, 3, -4), [1, 4]);

describe("a version exported as ONNX", () => {
  test("gives in a plain session, from the model's inputs alone, what its infer graph gives with its checkpoint", async () => {
    const manifest = decodeManifest(await ports.blobs.get(record.manifest.sha256));
    const infer = await InferenceSession.create(await ports.blobs.get(manifest.graphs.infer.sha256));
    const { tensors } = decodeSafetensors(await ports.blobs.get(record.checkpoint.sha256));
    const given = tensors.filter(({ name }) => infer.inputNames.includes(name));
    const parameters = given.map(({ name, data, shape }) => [
      name,
      new Tensor("float32", data as Float32Array, shape),
    ]);

    const plain = await InferenceSession.create(await exported("onnx"));
    const actual = await plain.run({ input: example() });
    const wanted = await infer.run({ input: example(), ...Object.fromEntries(parameters) });

    expect(plain.inputNames).toEqual(["input"]);
    expect(actual["logits"]?.data).toEqual(wanted["logits"]?.data);
  });

  test.skipIf(!hasOnnx)("passes onnx.checker with full_check (needs python3-onnx)", async () => {
    const check =
      "import sys, onnx; onnx.checker.check_model(onnx.load_from_string(sys.stdin.buffer.read()), full_check=True)";

    const { status, stderr } = spawnSync(PYTHON, ["-c", check], { input: await exported("onnx") });

    expect([status, String(stderr)]).toEqual([0, ""]);
  });
});

describe("a version exported as safetensors", () => {
  // The format's own words: u64 little-endian header length, JSON header, then the data that its offsets point into.
  test("is read by hand from the format's description", async () => {
    const bytes = await exported("safetensors");
    const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    const [start, end] = header["bias"]?.data_offsets ?? [0, 0];
    const values = new Float32Array(bytes.slice(8 + headerBytes + start, 8 + headerBytes + end).buffer);

    expect(header["weight"]).toMatchObject({ dtype: "F32", shape: [4, 3] });
    // A fresh logistic regression has zero biases.
    expect(values).toEqual(new Float32Array(3));
  });
});

describe("a version exported for TensorFlow.js", () => {
  const topology = { class_name: "Sequential", config: { name: "digits", layers: [] } };
  const stored = (): Promise<BlobRef> => ports.blobs.put(new TextEncoder().encode(JSON.stringify(topology)));

  // ModelJSON and WeightsManifestConfig of @tensorflow/tfjs-core; what only the optimizer keeps is no weight.
  test("has a model.json of the layers format, with the topology and every weight of the model", async () => {
    const text = new TextDecoder().decode(await exported("tfjs/model.json", await stored()));

    expect(JSON.parse(text)).toEqual({
      format: "layers-model",
      generatedBy: "fedge",
      convertedBy: null,
      modelTopology: topology,
      weightsManifest: [
        {
          paths: ["weights.bin"],
          weights: [
            { name: "weight", shape: [4, 3], dtype: "float32" },
            { name: "bias", shape: [3], dtype: "float32" },
          ],
        },
      ],
    });
  });

  test("has a weights.bin of the weights in the manifest's order", async () => {
    const bytes = await exported("tfjs/weights.bin", await stored());
    const { tensors } = decodeSafetensors(await ports.blobs.get(record.checkpoint.sha256));
    const weight = tensors.find(({ name }) => name === "weight")?.data as Float32Array;

    expect(new Float32Array(bytes.slice().buffer)).toEqual(Float32Array.of(...weight, 0, 0, 0));
  });

  test.each(["tfjs/model.json", "tfjs/weights.bin"] as const)(
    "is refused for %s when the version has no layers, with what to do instead",
    async (format) => {
      await expect(exported(format)).rejects.toMatchObject({
        code: "MODEL_INCOMPATIBLE",
        message: expect.stringContaining("--format onnx or safetensors") as string,
      });
    },
  );
});
