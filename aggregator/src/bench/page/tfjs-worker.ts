import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as core from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";

/** TensorFlow.js as an app would train 2nn with it: its WASM backend, one thread, `trainOnBatch`. */
interface Job {
  readonly numSteps: number;
  readonly batchSize: number;
}

setWasmPaths({
  "tfjs-backend-wasm.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    import.meta.url,
  ).href,
  "tfjs-backend-wasm-simd.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    import.meta.url,
  ).href,
  "tfjs-backend-wasm-threaded-simd.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    import.meta.url,
  ).href,
});
// One thread, as the other side: and a bundler breaks the script of its threads.
core.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);

let model: Promise<layers.Sequential> | null = null;

async function build(): Promise<layers.Sequential> {
  await core.setBackend("wasm");
  const built = layers.sequential();
  built.add(layers.layers.dense({ units: 200, activation: "relu", inputShape: [784] }));
  built.add(layers.layers.dense({ units: 200, activation: "relu" }));
  built.add(layers.layers.dense({ units: 10, activation: "softmax" }));
  built.compile({ optimizer: core.train.sgd(0.01), loss: "categoricalCrossentropy" });
  return built;
}

async function train({ numSteps, batchSize }: Job): Promise<string> {
  const trained = await (model ??= build());
  const x = core.randomUniform([batchSize, 784]);
  const target = core.oneHot(core.randomUniform([batchSize], 0, 10, "int32"), 10);
  for (let step = 0; step < numSteps; step += 1) await trained.trainOnBatch(x, target);
  core.dispose([x, target]);
  return core.getBackend();
}

self.onmessage = ({ data }: MessageEvent<Job>): void => {
  train(data).then(
    (backend) => self.postMessage(backend),
    (error: unknown) => self.postMessage(String(error)),
  );
};
