import { join } from "node:path";
import type { Device } from "@fedge/device-runtime";
import { createDevice, loadOnnxRuntime } from "@fedge/device-runtime/node";
import { compareCalls, pacedCalls } from "./latencies.js";
import type { ServingMeasures } from "./serving-measures.js";
import type { ServerChild } from "./server-child.js";
import { INPUTS, MODEL, benchExamples, oneInput } from "./workload.js";

const NUM_CALLS = 6000;

/** The device in Node with its feature log on, beside a bare session of the same runtime and model. */
export async function measureNode(
  server: ServerChild,
  onnx: Uint8Array<ArrayBuffer>,
): Promise<ServingMeasures> {
  const device = await createDevice({
    ...{ server: server.url, model: MODEL, stateDirectory: join(server.directory, "device") },
    ...{ engine: "onnxruntime-node", trainingData: { [MODEL]: benchExamples() } },
  });
  const { runtime } = await loadOnnxRuntime(["onnxruntime-node"]);
  // As the device's own session is made, and no more.
  const bare = await runtime.InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  try {
    await arrived(device);
    const data = oneInput();
    const predict = (): Promise<unknown> =>
      device.model(MODEL).predict({ input: { shape: [1, INPUTS], data } });
    const run = (): Promise<unknown> => bare.run({ input: new runtime.Tensor("float32", data, [1, INPUTS]) });
    const [ofDevice, ofBare] = (await compareCalls(predict, run, NUM_CALLS)).sides;
    const alone = await pacedCalls(predict);
    device.setConsent({ training: true });
    await training(device);
    const whileTraining = await pacedCalls(predict);
    return { device: ofDevice, bare: ofBare, alone, whileTraining };
  } finally {
    await bare.release();
    await device.close();
  }
}

function arrived(device: Device): Promise<void> {
  return new Promise((resolve) => {
    if (device.model(MODEL).version !== null) resolve();
    device.on("version", () => resolve());
  });
}

function training(device: Device): Promise<void> {
  return new Promise((resolve) => {
    device.on("round", ({ phase }) => (phase === "training" ? resolve() : undefined));
  });
}
