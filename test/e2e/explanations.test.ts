import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { createDevice } from "@fedge/device-runtime/node";
import { createGraphBuilder } from "@fedge/onnx-autodiff";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./waiting.js";

const model = decodeWith(modelName, "loans", { what: "model", code: "OPTION_INVALID" });

/** logits = x W + b, of three features and two classes; powers of two, so that every product is exact. */
const WEIGHT = [
  [1, -2],
  [0.5, 4],
  [-1, 0.25],
] as const;
const BIAS = [0.5, -0.5];

function linear(): Uint8Array<ArrayBuffer> {
  const g = createGraphBuilder({ name: "loans" });
  const tensor = (shape: readonly number[], values: readonly number[]) =>
    ({ elementType: "float32", shape, data: Float32Array.from(values) }) as const;
  const product = g.op("MatMul", [
    g.input("x", "float32", ["N", 3]),
    g.initializer("weight", tensor([3, 2], WEIGHT.flat())),
  ]);
  g.output("logits", g.op("Add", [product, g.initializer("bias", tensor([2], BIAS))]));
  return new Uint8Array(g.build());
}

let directory = "";
let server: RunningServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-explanations-"));
  server = await startServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
    stateDirectory: join(directory, "server"),
  });
  await server.service.importModel({ model, onnx: linear(), training: { loss: "softmax-cross-entropy" } });
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const start = (featureLog: { readonly explainEvery?: number }, name: string): Promise<Device> =>
  createDevice({
    ...{ server: server.httpUrl, model, featureLog },
    stateDirectory: join(directory, name),
  });

test("a device says of its predictions how much of the answer's score came from each feature", async () => {
  const device = await start({ explainEvery: 1 }, "explains");
  await eventually("the version", async () => device.model(model).version ?? undefined);
  // Two rows in one prediction. Logits of the first: 2 + 2 - 1 + 0.5 = 3.5 and -4 + 16 + 0.25 - 0.5 = 11.75, so class 1;
  // of the second: 4 + 0.5 - 2 + 0.5 = 3 and -8 + 4 + 0.5 - 0.5 = -4, so class 0.
  const data = Float32Array.of(2, 4, 1, 4, 1, 2);
  const { id, outputs } = await device.model(model).predict({ x: { shape: [2, 3], data } });
  const explanation = await eventually("the explanation", async () => {
    const [row] = await device.featureLog.query({ ids: [id] });
    return row?.explanation ?? undefined;
  });
  await device.close();

  expect([...(outputs["logits"]?.data ?? [])]).toEqual([3.5, 11.75, 3, -4]);
  // Gradient times input of a linear score is its weight times the input; with the bias they sum to the score.
  expect(explanation).toEqual({
    x: { shape: [2, 3], data: Float32Array.of(2 * -2, 4 * 4, 1 * 0.25, 4 * 1, 1 * 0.5, 2 * -1) },
  });
});

test("and keeps it over a restart, until it is erased", async () => {
  const device = await start({}, "explains");
  const [row] = await device.featureLog.query();
  await device.featureLog.erase();
  const left = await device.featureLog.query();
  await device.close();

  expect([row?.explanation?.["x"]?.shape, left]).toEqual([[2, 3], []]);
});
