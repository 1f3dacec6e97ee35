import { exposeTerms, type ExposedTerms } from "@fedge/onnx-autodiff";
import { decodeSafetensors, toWireError, type ModelManifest, type Sha256 } from "@fedge/protocol";
import type { InferenceSession } from "onnxruntime-common";
import { parentPort } from "node:worker_threads";
import { digestOf } from "./data-digest.js";
import { evaluateEach, evaluateOn, type EvaluationSums, type OnnxRuntime } from "./evaluate.js";
import { encodeExampleResults } from "./example-results.js";
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
  | { readonly id: number; readonly found: Evaluation | null }
  | { readonly id: number; readonly error: ReturnType<typeof toWireError> };

export interface Evaluation {
  readonly sums: EvaluationSums;
  /** As `encodeExampleResults` writes them; null for a graph that hides its terms. */
  readonly results: Uint8Array<ArrayBuffer> | null;
}

interface OpenGraph {
  readonly sha256: string;
  readonly session: InferenceSession;
  readonly terms: ExposedTerms | undefined;
}

interface HeldData {
  readonly data: EvaluationData;
  readonly sha256: Sha256;
}

function createHandler(): (request: EvaluationRequest) => Promise<Evaluation | null> {
  const runtime = loadRuntime();
  const dataOf = new Map<string, HeldData>();
  let current: OpenGraph | null = null;
  const open = async (request: EvaluationRequest & { type: "evaluate" }): Promise<OpenGraph> => {
    if (current?.sha256 === request.graphSha256) return current;
    await current?.session.release();
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
    const terms = exposeTerms(request.graph);
    const session = await (await runtime).InferenceSession.create(terms?.model ?? request.graph, options);
    current = { sha256: request.graphSha256, session, terms };
    return current;
  };
  return async (request) => {
    if (request.type === "data")
      dataOf.set(request.model, { data: request.data, sha256: digestOf(request.data) });
    if (request.type !== "evaluate") return null;
    const held = dataOf.get(request.model);
    if (held === undefined) return null;
    const { tensors } = decodeSafetensors(request.checkpoint);
    return evaluate(await runtime, await open(request), held, { manifest: request.manifest, tensors });
  };
}

async function evaluate(
  runtime: OnnxRuntime,
  { session, terms }: OpenGraph,
  { data, sha256: dataSha256 }: HeldData,
  version: Parameters<typeof evaluateOn>[2],
): Promise<Evaluation> {
  if (terms === undefined) return { sums: await evaluateOn(runtime, session, version, data), results: null };
  const { sums, examples } = await evaluateEach(runtime, session, version, { data, terms });
  return { sums, results: encodeExampleResults({ dataSha256, ...examples }) };
}

const handle = createHandler();
// One at a time: ending the thread is safe only between runs.
let queue = Promise.resolve();
parentPort?.on("message", (request: EvaluationRequest) => {
  queue = queue.then(async () => {
    if (request.type === "close") return parentPort?.close();
    const answer: EvaluationAnswer = await handle(request).then(
      (found) => ({ id: request.id, found }),
      (error: unknown) => ({ id: request.id, error: toWireError(error) }),
    );
    parentPort?.postMessage(answer);
  });
});
