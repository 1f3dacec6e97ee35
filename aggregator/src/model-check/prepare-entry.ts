import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { buildTrainingGraphs } from "@fedge/onnx-autodiff";
import { toWireError } from "@fedge/protocol";
import { loadRuntime } from "../evaluation/load-runtime.js";
import { tryAttribution } from "./attribution.js";
import type { PrepareAnswer, PrepareRequest } from "./prepare-in-process.js";
import type { PreparedModel } from "./prepared-model.js";
import { checkStep } from "./training-step.js";

async function prepare({ onnx, training, maxMemoryBytes }: PrepareRequest): Promise<PreparedModel> {
  const guard = new Worker(new URL("./memory-guard.js", import.meta.url), { workerData: { maxMemoryBytes } });
  guard.unref();
  await once(guard, "message");
  const graphs = buildTrainingGraphs(onnx, training);
  const runtime = await loadRuntime();
  const check = await checkStep(runtime, graphs);
  return { graphs, check, attribution: await tryAttribution(runtime, { onnx, training }, graphs) };
}

process.once("message", (request: PrepareRequest) => {
  void prepare(request)
    .then((prepared): PrepareAnswer => ({ type: "done", prepared }))
    .catch((error: unknown): PrepareAnswer => ({ type: "failed", error: toWireError(error) }))
    .then((answer) => process.send?.(answer, () => process.exit(0)));
});
// Without its parent nobody wants the result.
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);
