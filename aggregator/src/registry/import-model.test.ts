import { describeModel, noteLayersTopology } from "@fedge/onnx-autodiff";
import { gru, logistic } from "@fedge/onnx-autodiff/zoo";
import {
  decodeManifest,
  decodeSafetensors,
  type BlobRef,
  type ModelName,
  type Sha256,
  type TaskId,
} from "@fedge/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMemoryBlobStore } from "../blobs/memory-blob-store.js";
import { prepareUnchecked } from "../model-check/testing/prepare-unchecked.js";
import type { ModelImport } from "../service.js";
import type { DatabaseStore } from "../store/drizzle-store.js";
import { openEmbeddedStore } from "../store/embedded-store.js";
import { sampleTaskConfig } from "../store/testing/sample-records.js";
import { importModel, type RegistryPorts } from "./import-model.js";

const model = "digits" as ModelName;
let store: DatabaseStore;
let ports: RegistryPorts;

beforeEach(async () => {
  store = await openEmbeddedStore({ directory: null });
  ports = {
    store,
    blobs: createMemoryBlobStore(),
    nowMs: () => 0,
    prepare: prepareUnchecked,
  };
});
afterEach(() => store.close());

function modelOf(classes: number): ModelImport {
  return {
    model,
    onnx: logistic({ inputs: 4, classes, seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  };
}

test("a model with the same parameters becomes the next version", async () => {
  await importModel(ports, modelOf(3));

  expect((await importModel(ports, modelOf(3))).record).toMatchObject({ version: 2, parentVersion: 1 });
});

test("a model of other shapes does not become a version of this one", async () => {
  await importModel(ports, modelOf(3));

  await expect(importModel(ports, modelOf(2))).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
  expect((await store.latestVersion(model))?.version).toBe(1);
});

test("an optimizer's memory is told in the manifest and, while it is empty, not kept in the checkpoint", async () => {
  const training = { loss: "softmax-cross-entropy", optimizer: { kind: "adam" } } as const;
  const { record } = await importModel(ports, { ...modelOf(3), training });

  const manifest = decodeManifest(await ports.blobs.get(record.manifest.sha256));
  const { tensors } = decodeSafetensors(await ports.blobs.get(record.checkpoint.sha256));
  // Two moments of two parameters, and the number of steps (Kingma and Ba 2015, Algorithm 1).
  expect(manifest.state).toHaveLength(5);
  expect(tensors.map(({ name }) => name)).toEqual(manifest.parameters.map(({ name }) => name));
});

test("nothing is imported under the hands of a task that trains the model", async () => {
  await importModel(ports, modelOf(3));
  await store.createTask(sampleTaskConfig("task-1" as TaskId, model), 0);

  await expect(importModel(ports, modelOf(3))).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
});

describe("a topology that the model was converted from", () => {
  const topology = '{"class_name":"Sequential","config":{}}';
  const convertedModel = (): ModelImport => {
    return { ...modelOf(3), onnx: noteLayersTopology(modelOf(3).onnx, topology) };
  };
  const layersOf = async (request: ModelImport): Promise<BlobRef | undefined> => {
    const { record } = await importModel(ports, request);
    return decodeManifest(await ports.blobs.get(record.manifest.sha256)).graphs.layers;
  };

  test("is a blob of the version, for devices whose engine builds layers", async () => {
    const ref = await layersOf(convertedModel());

    expect(new TextDecoder().decode(await ports.blobs.get(ref?.sha256 ?? ("" as Sha256)))).toBe(topology);
  });

  test.each([
    ["is trained by that engine too where training is plain", "sgd", true],
    ["is only served where the engine would train another way", "adam", undefined],
  ] as const)("%s", async (_name, kind, isTrained) => {
    const training = { loss: "softmax-cross-entropy", optimizer: { kind } } as const;
    const { record } = await importModel(ports, { ...convertedModel(), training });

    const manifest = decodeManifest(await ports.blobs.get(record.manifest.sha256));
    expect(manifest.layersTraining).toBe(isTrained);
  });

  test("is left out where parameters are frozen, whose values no checkpoint holds", async () => {
    const training = { loss: "softmax-cross-entropy", trainable: ["weight"] } as const;

    expect(await layersOf({ ...convertedModel(), training })).toBeUndefined();
  });
});

describe("what explains a model's answers", () => {
  test("is a graph of the version that takes what its infer graph takes", async () => {
    const { record, unexplained } = await importModel(ports, modelOf(3));
    const { graphs } = decodeManifest(await ports.blobs.get(record.manifest.sha256));
    const [infer, attribution] = await Promise.all(
      [graphs.infer, graphs.attribution].map(async (ref) =>
        describeModel(await ports.blobs.get(ref?.sha256 ?? ("" as Sha256))),
      ),
    );

    expect(attribution?.inputs).toEqual(infer?.inputs);
    expect(attribution?.outputs.map(({ name }) => name)).toEqual(["input.attribution"]);
    expect(unexplained).toBeNull();
  });

  test("is missing from a model that takes only tokens, which is imported all the same, with the reason", async () => {
    const onnx = gru({ vocabulary: 5, embedding: 2, hidden: 2, seed: 1 });
    const { record, unexplained } = await importModel(ports, { ...modelOf(3), onnx });

    const { graphs } = decodeManifest(await ports.blobs.get(record.manifest.sha256));
    expect([graphs.attribution, graphs.train === undefined]).toEqual([undefined, false]);
    expect(unexplained).toMatch(/takes only whole numbers \(tokens\)/);
  });
});
