import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { createDevice } from "@fedge/device-runtime/node";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTRIBUTION, LOANS, LOGITS, ROWS, loansModel } from "./loans-model.js";
import { eventually } from "./waiting.js";

let directory = "";
let server: RunningServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-explanations-"));
  server = await startServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
    stateDirectory: join(directory, "server"),
  });
  await server.service.importModel({
    ...{ model: LOANS, onnx: loansModel() },
    training: { loss: "softmax-cross-entropy" },
  });
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const start = (featureLog: { readonly explainEvery?: number }, name: string): Promise<Device> =>
  createDevice({
    ...{ server: server.httpUrl, model: LOANS, featureLog },
    stateDirectory: join(directory, name),
  });

test("a device says of its predictions how much of the answer's score came from each feature", async () => {
  const device = await start({ explainEvery: 1 }, "explains");
  await eventually("the version", async () => device.model(LOANS).version ?? undefined);
  const { id, outputs } = await device.model(LOANS).predict({ x: ROWS });
  const explanation = await eventually("the explanation", async () => {
    const [row] = await device.featureLog.query({ ids: [id] });
    return row?.explanation ?? undefined;
  });
  await device.close();

  expect([...(outputs["logits"]?.data ?? [])]).toEqual(LOGITS);
  expect(explanation).toEqual({ x: { shape: [2, 3], data: Float32Array.from(ATTRIBUTION) } });
});

test("and keeps it over a restart, until it is erased", async () => {
  const device = await start({}, "explains");
  const [row] = await device.featureLog.query();
  await device.featureLog.erase();
  const left = await device.featureLog.query();
  await device.close();

  expect([row?.explanation?.["x"]?.shape, left]).toEqual([[2, 3], []]);
});
