import { loadOnnxRuntime } from "@fedge/device-runtime/node";
import { createRandom, toWireError } from "@fedge/protocol";
import type { Tensor } from "onnxruntime-common";
import { randomFeed, sizesOf } from "./random-feed.js";
import type { TrainingCheck, TrainingCheckAnswer, TrainingCheckRequest } from "./training-check.js";

const LEARNING_RATE = 1e-3;

process.once("message", (request: TrainingCheckRequest) => {
  void runCheck(request)
    .then((check): TrainingCheckAnswer => ({ type: "done", check }))
    .catch((error: unknown): TrainingCheckAnswer => ({ type: "failed", error: toWireError(error) }))
    .then((answer) => process.send?.(answer, () => process.disconnect()));
});

async function runCheck(request: TrainingCheckRequest): Promise<TrainingCheck> {
  const { runtime } = await loadOnnxRuntime();
  const before = process.resourceUsage().maxRSS;
  const session = await runtime.InferenceSession.create(request.train, { intraOpNumThreads: 1 });
  const random = createRandom("training-check");
  const sizes = sizesOf([...request.inputs, request.target]);
  const given = [...request.inputs, request.target].map(
    (spec) => [spec.name, randomFeed(spec, { sizes, random, runtime })] as const,
  );
  const tensors = request.tensors.map(({ name, elementType, data, shape }) => {
    return [name, new runtime.Tensor(elementType as "float32", data as Float32Array, shape)] as const;
  });
  const rate = new runtime.Tensor("float32", Float32Array.of(LEARNING_RATE), []);
  const mu = new runtime.Tensor("float32", Float32Array.of(0), []);
  const known = Object.fromEntries([...given, ...tensors]);
  const feeds = { ...known, learning_rate: rate, ...proximalFeeds(session.inputNames, known, mu) };
  const startedAtMs = performance.now();
  const outputs = await session.run(feeds);
  const stepMs = performance.now() - startedAtMs;
  const loss = Number((outputs["loss"] as Tensor).data[0]);
  const memoryBytes = Math.max(0, process.resourceUsage().maxRSS - before) * 1024;
  return { batchSize: sizes.batchSize, loss, stepMs, memoryBytes };
}

function proximalFeeds(
  inputNames: readonly string[],
  known: Readonly<Record<string, Tensor>>,
  mu: Tensor,
): Record<string, Tensor> {
  const anchors = inputNames.filter((name) => name.endsWith(".anchor"));
  const feeds = anchors.flatMap((name) => {
    const tensor = known[name.slice(0, -".anchor".length)];
    return tensor === undefined ? [] : [[name, tensor] as const];
  });
  return inputNames.includes("proximal_mu") ? { ...Object.fromEntries(feeds), proximal_mu: mu } : {};
}
