import { buildTrainingGraphs } from "@fedge/onnx-autodiff";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeManifest, type BlobRef, type ModelName, type Sha256, type TaskId } from "@fedge/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMemoryBlobStore } from "../blobs/memory-blob-store.js";
import type { ModelImport } from "../service.js";
import type { DatabaseStore } from "../store/drizzle-store.js";
import { openEmbeddedStore } from "../store/embedded-store.js";
import { sampleTaskConfig } from "../store/testing/sample-records.js";
import { importModel, type RegistryPorts } from "./import-model.js";

const model = "digits" as ModelName;
const CHECK = { batchSize: 2, loss: 1, stepMs: 1, memoryBytes: 0 };
let store: DatabaseStore;
let ports: RegistryPorts;

beforeEach(async () => {
  store = await openEmbeddedStore({ directory: null });
  ports = {
    store,
    blobs: createMemoryBlobStore(),
    nowMs: () => 0,
    prepare: ({ onnx, training }) =>
      Promise.resolve({ graphs: buildTrainingGraphs(onnx, training), check: CHECK }),
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

test("nothing is imported under the hands of a task that trains the model", async () => {
  await importModel(ports, modelOf(3));
  await store.createTask(sampleTaskConfig("task-1" as TaskId, model), 0);

  await expect(importModel(ports, modelOf(3))).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
});

describe("a topology that the model was converted from", () => {
  const layers = new TextEncoder().encode('{"class_name":"Sequential","config":{}}');
  const layersOf = async (request: ModelImport): Promise<BlobRef | undefined> => {
    const { record } = await importModel(ports, request);
    return decodeManifest(await ports.blobs.get(record.manifest.sha256)).graphs.layers;
  };

  test("is a blob of the version, for devices whose engine builds layers", async () => {
    const ref = await layersOf({ ...modelOf(3), layers });

    expect(await ports.blobs.get(ref?.sha256 ?? ("" as Sha256))).toEqual(layers);
  });

  test("is left out where parameters are frozen, whose values no checkpoint holds", async () => {
    const training = { loss: "softmax-cross-entropy", trainable: ["weight"] } as const;

    expect(await layersOf({ ...modelOf(3), layers, training })).toBeUndefined();
  });
});
