import { parentPort, workerData } from "node:worker_threads";
import { toWireError } from "@fedge/protocol";
import { createOnnxTrainer } from "@fedge/device-runtime/engine-onnx";
import type { BareReport, BareWorkerData } from "./bare-training.js";

const say = (report: BareReport): void => parentPort?.postMessage(report);

async function main({ request, numTrainings }: BareWorkerData): Promise<void> {
  const trainer = createOnnxTrainer(await import("onnxruntime-node"), {
    nowMs: () => performance.now(),
    yieldToOthers: () => Promise.resolve(),
  });
  const controller = new AbortController();
  // Compiles the graph and warms it up.
  await trainer.train(request, controller.signal);
  const asked = new Promise<void>((resolve) => parentPort?.once("message", () => resolve()));
  say({ type: "ready" });
  await asked;
  let steps = 0;
  for (let run = 0; run < numTrainings; run += 1) {
    steps += (await trainer.train(request, controller.signal)).metrics.steps;
  }
  say({ type: "done", steps });
  await trainer.close();
  parentPort?.close();
}

main(workerData as BareWorkerData).catch((error: unknown) => {
  say({ type: "failed", error: toWireError(error) });
  parentPort?.close();
});
