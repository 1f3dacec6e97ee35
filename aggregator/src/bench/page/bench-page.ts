import { createDevice, type BrowserDevice } from "@fedge/device-runtime/browser";
import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";
import { compareCalls, pacedCalls, type Latencies } from "../serve/latencies.js";
import type { ServingMeasures } from "../serve/serving-measures.js";
import { INPUTS, MODEL, benchExamples, oneInput } from "../serve/workload.js";

/** What a benchmark asks the page. */
export interface BenchPage {
  start(server: string): Promise<void>;
  /** `bare` is a session in a worker of its own, reached by messages; `inPage` one that blocks the page. */
  measureServing(onnx: Uint8Array): Promise<ServingMeasures & { readonly inPage: Latencies }>;
}

declare global {
  var benchPage: BenchPage;
}

const NUM_CALLS = 6000;
const always = { isEligible: (): boolean => true, onChange: () => (): void => undefined };

let device: BrowserDevice | null = null;

globalThis.benchPage = {
  start: async (server) => {
    const started = await createDevice({
      ...{ server, model: MODEL, conditions: always },
      trainingData: { [MODEL]: benchExamples() },
    });
    device = started;
    if (started.model(MODEL).version !== null) return;
    await new Promise<void>((resolve) => started.on("version", () => resolve()));
  },
  measureServing: async (onnx) => {
    const started = device;
    if (started === null) throw new Error("the device is not started");
    const data = oneInput();
    const predict = (): Promise<unknown> =>
      started.model(MODEL).predict({ input: { shape: [1, INPUTS], data } });
    const bareRun = await bareInWorker(onnx, data);
    const [ofDevice, bare] = (await compareCalls(predict, bareRun, NUM_CALLS)).sides;
    const [, inPage] = (await compareCalls(predict, await bareInPage(onnx, data), NUM_CALLS / 12)).sides;
    const alone = await pacedCalls(predict);
    started.setConsent({ training: true });
    await new Promise<void>((resolve) => {
      started.on("round", ({ phase }) => (phase === "training" ? resolve() : undefined));
    });
    const whileTraining = await pacedCalls(predict);
    started.setConsent({ training: false });
    return { device: ofDevice, bare, inPage, alone, whileTraining };
  },
};

async function bareInPage(onnx: Uint8Array, data: Float32Array): Promise<() => Promise<unknown>> {
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(onnx);
  return () => session.run({ input: new Tensor("float32", data, [1, INPUTS]) });
}

async function bareInWorker(onnx: Uint8Array, data: Float32Array): Promise<() => Promise<unknown>> {
  const worker = new Worker(new URL("./bare-worker.js", import.meta.url), { type: "module" });
  const waiting = new Map<number, (answer: unknown) => void>();
  let last = 0;
  worker.onmessage = ({ data: answer }: MessageEvent<{ readonly id: number }>): void => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  };
  const answerTo = (id: number): Promise<unknown> => new Promise((resolve) => waiting.set(id, resolve));
  const ready = answerTo(0);
  worker.postMessage({ onnx });
  await ready;
  return () => {
    const id = (last += 1);
    const answer = answerTo(id);
    worker.postMessage({ id, data, shape: [1, INPUTS] });
    return answer;
  };
}
