import type { Examples } from "@fedge/device-runtime";
import { createDevice, type BrowserDevice, type EngineWorkerApi } from "@fedge/device-runtime/browser";
import { buildTrainingGraphs } from "@fedge/onnx-autodiff";
import { twoNN } from "@fedge/onnx-autodiff/zoo";
import { createRandom, type ModelManifest, type NamedTensor } from "@fedge/protocol";
import { transfer, wrap, type Remote } from "comlink";
import { INPUTS, MODEL, benchExamples, oneInput } from "../serve/workload.js";

/** What a benchmark asks the page. */
export interface TrainPage {
  /** Milliseconds of so many steps on each side, once. */
  measureTraining(numSteps: number): Promise<{ readonly oursMs: number; readonly theirsMs: number }>;
  /** Starts a device that takes part in every round of the server. */
  startRounds(server: string): Promise<void>;
  /** Resolves when so many of its updates were counted, all in all. */
  counted(numRounds: number): Promise<void>;
  /** Ends that device. */
  endRounds(): Promise<void>;
  /** Milliseconds from a worker's death to the next answer of the device. */
  measureRestart(server: string): Promise<number>;
}

declare global {
  var trainPage: TrainPage;
}

const BATCH_SIZE = 32;
const CLASSES = 10;
const always = { isEligible: (): boolean => true, onChange: () => (): void => undefined };

const graphs = buildTrainingGraphs(twoNN({ seed: 1 }), { loss: "softmax-cross-entropy" });
const ours = wrap<EngineWorkerApi>(newEngineWorker());
const theirs = new Worker(new URL("./tfjs-worker.js", import.meta.url), { type: "module" });
// The zoo's parameters are numbers; nothing here is text.
const checkpoint = [...graphs.parameters, ...graphs.state] as unknown as readonly NamedTensor[];
let numTrainings = 0;
let inRounds: BrowserDevice | null = null;
let numCounted = 0;
/** Whoever waits for a round to be counted. */
const looks = new Set<() => void>();

globalThis.trainPage = {
  measureTraining: async (numSteps) => {
    // Fresh ones, as a feature log gives them: they are moved to the worker.
    const examples = makeExamples(numSteps);
    const oursMs = await timed(() => trainOurs(ours, examples));
    const theirsMs = await timed(() => answerOf(theirs, { numSteps, batchSize: BATCH_SIZE }));
    return { oursMs, theirsMs };
  },
  startRounds: async (server) => {
    const started = await createDevice({
      ...{ server, model: MODEL, conditions: always, databaseName: "rounds" },
      consent: { training: true },
      trainingData: { [MODEL]: benchExamples() },
    });
    started.on("round", ({ phase }) => {
      if (phase === "counted") numCounted += 1;
      for (const look of [...looks]) look();
    });
    inRounds = started;
  },
  counted: (numRounds) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (numCounted < numRounds) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
    }),
  endRounds: async () => inRounds?.close(),
  measureRestart: async (server) => {
    const workers: Worker[] = [];
    const device = await createDevice({
      ...{ server, model: MODEL, conditions: always },
      newWorker: () => {
        workers.push(new Worker(new URL("./crashing-worker.js", import.meta.url), { type: "module" }));
        return workers.at(-1) as Worker;
      },
    });
    const serving = workers[0] as Worker;
    const model = device.model(MODEL);
    if (model.version === null) await new Promise<void>((resolve) => device.on("version", () => resolve()));
    const input = { shape: [1, INPUTS], data: oneInput() };
    await model.predict({ input });
    const died = new Promise((resolve) => serving.addEventListener("error", resolve));
    serving.postMessage("crash");
    await died;
    const tookMs = await timed(() => model.predict({ input }));
    await device.close();
    return tookMs;
  },
};

/** The address stands there whole, because that is what bundlers look for. */
function newEngineWorker(): Worker {
  return new Worker(new URL("@fedge/device-runtime/browser/engine-worker", import.meta.url), {
    type: "module",
  });
}

async function trainOurs(api: Remote<EngineWorkerApi>, examples: Examples): Promise<void> {
  const plan = {
    ...{ epochs: 1, batchSize: BATCH_SIZE, learningRate: 0.01, proximalMu: 0 },
    ...{ maxExamples: examples.numExamples, seed: "bench" },
  };
  const request = {
    ...{ manifest: manifest(), plan, examples, seed: "bench", programSha256: "2nn" },
    ...{ program: graphs.train, tensors: checkpoint },
  };
  const moved = [...Object.values(examples.inputs), examples.target].map(
    ({ data }) => data.buffer as ArrayBuffer,
  );
  const answer = await api.train((numTrainings += 1), transfer(request, moved));
  if ("error" in answer) throw new Error(answer.error.message);
}

function manifest(): ModelManifest {
  const specs = (tensors: typeof graphs.parameters): object[] =>
    tensors.map(({ name, shape }) => ({ name, shape, elementType: "float32" }));
  return {
    ...{ parameters: specs(graphs.parameters), state: specs(graphs.state), proximal: false },
    inputs: [{ name: "input", elementType: "float32", shape: [null, INPUTS] }],
    target: { name: "target", elementType: "int64", shape: [null] },
  } as unknown as ModelManifest;
}

function makeExamples(numSteps: number): Examples {
  const numExamples = numSteps * BATCH_SIZE;
  const random = createRandom("bench/train");
  const data = Float32Array.from({ length: numExamples * INPUTS }, () => random.unit());
  const labels = BigInt64Array.from({ length: numExamples }, () => BigInt(random.below(CLASSES)));
  return {
    numExamples,
    inputs: { input: { shape: [numExamples, INPUTS], data } },
    target: { shape: [numExamples], data: labels },
  };
}

function answerOf(worker: Worker, message: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<unknown>): void =>
      data === "wasm" ? resolve(data) : reject(new Error(`TensorFlow.js ran on ${String(data)}`));
    worker.onerror = ({ message: why }): void => reject(new Error(why));
    worker.postMessage(message);
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}
