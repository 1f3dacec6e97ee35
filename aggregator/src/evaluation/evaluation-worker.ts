import { decodeSafetensors, toWireError, type ModelManifest } from "@fedge/protocol";
import type { InferenceSession } from "onnxruntime-common";
import { parentPort } from "node:worker_threads";
import { evaluateOn, type EvaluationSums } from "./evaluate.js";
import type { EvaluationData } from "./evaluation-data.js";
import { loadRuntime } from "./load-runtime.js";

export type EvaluationRequest =
  | { readonly type: "data"; readonly id: number; readonly model: string; readonly data: EvaluationData }
  | {
      readonly type: "evaluate";
      readonly id: number;
      readonly model: string;
      readonly graphSha256: string;
      readonly graph: Uint8Array;
      readonly checkpoint: Uint8Array;
      readonly manifest: Pick<ModelManifest, "parameters" | "state">;
    }
  | { readonly type: "close"; readonly id: number };

export type EvaluationAnswer =
  | { readonly id: number; readonly sums: EvaluationSums | null }
  | { readonly id: number; readonly error: ReturnType<typeof toWireError> };

function createHandler(): (request: EvaluationRequest) => Promise<EvaluationSums | null> {
  const runtime = loadRuntime();
  const dataOf = new Map<string, EvaluationData>();
  let current: { readonly sha256: string; readonly session: InferenceSession } | null = null;
  const sessionOf = async (request: EvaluationRequest & { type: "evaluate" }): Promise<InferenceSession> => {
    if (current?.sha256 === request.graphSha256) return current.session;
    await current?.session.release();
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
    const session = await (await runtime).InferenceSession.create(request.graph, options);
    current = { sha256: request.graphSha256, session };
    return session;
  };
  return async (request) => {
    if (request.type === "data") dataOf.set(request.model, request.data);
    if (request.type !== "evaluate") return null;
    const data = dataOf.get(request.model);
    if (data === undefined) return null;
    const { tensors } = decodeSafetensors(request.checkpoint);
    return evaluateOn(await runtime, await sessionOf(request), { manifest: request.manifest, tensors }, data);
  };
}

const handle = createHandler();
// One at a time: ending the thread is safe only between runs.
let queue = Promise.resolve();
parentPort?.on("message", (request: EvaluationRequest) => {
  queue = queue.then(async () => {
    if (request.type === "close") return parentPort?.close();
    const answer: EvaluationAnswer = await handle(request).then(
      (sums) => ({ id: request.id, sums }),
      (error: unknown) => ({ id: request.id, error: toWireError(error) }),
    );
    parentPort?.postMessage(answer);
  });
});
