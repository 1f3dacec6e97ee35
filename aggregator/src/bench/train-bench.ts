import type { BenchResult } from "./result.js";
import { openOnnxSteps } from "./train/onnx-steps.js";
import { startPyTorch } from "./train/pytorch-steps.js";
import { openTfjsSteps, type TfjsSetting } from "./train/tfjs-steps.js";
import { COMPARED_MODELS, type ComparedModel, type Steps } from "./train/steps.js";
import { peakMemoryOf } from "./train/memory.js";

const UNIT = "examples/s";
/** What a training step on onnxruntime-node must be over PyTorch's, one thread each. */
const NATIVE_BARS: Readonly<Record<ComparedModel, number>> = { "2nn": 1.4, gru: 1.1, lstm: 1.1, cnn: 0.8 };
/** What one on onnxruntime-web must be over TensorFlow.js's WASM backend. */
const WEB_BARS: Partial<Record<ComparedModel, number>> = { "2nn": 4, gru: 3 };
/** The sides take turns, so that other work on the machine meets them all. */
const NUM_TURNS = 4;
const TURN_MS = 1500;

/**
 * Training steps of the zoo's models, batch 32, one thread: on onnxruntime-node beside PyTorch, on onnxruntime-web
 * beside TensorFlow.js; and the memory of 50 steps.
 *
 * Sides that this machine does not have, or that cannot train a model, are left out, and the bars with them.
 */
export async function benchTrain(): Promise<BenchResult[]> {
  const pytorch = await startPyTorch();
  const results: BenchResult[] = [];
  try {
    for (const model of COMPARED_MODELS) {
      results.push(
        ...(await compare({
          ours: () => openOnnxSteps("onnxruntime-node", model),
          oursName: `${model}, onnxruntime-node`,
          theirs: () => Promise.resolve(pytorch?.open(model)),
          theirsName: `${model}, PyTorch`,
          bar: NATIVE_BARS[model],
        })),
      );
    }
  } finally {
    await pytorch?.close();
  }
  for (const model of COMPARED_MODELS) results.push(...(await compareOnWeb(model)));
  for (const model of COMPARED_MODELS) results.push(...(await memoryResults(model)));
  return results;
}

interface Comparison {
  readonly ours: () => Promise<Steps>;
  readonly oursName: string;
  readonly theirs: () => Promise<Pick<Steps, "measure" | "close"> | undefined>;
  readonly theirsName: string;
  readonly bar: number | undefined;
}

async function compare(of: Comparison): Promise<readonly BenchResult[]> {
  const ours = await of.ours();
  const theirs = await of.theirs();
  let [best, other] = [0, 0];
  for (let turn = 0; turn < NUM_TURNS; turn += 1) {
    best = Math.max(best, await ours.measure(TURN_MS));
    if (theirs !== undefined) other = Math.max(other, await theirs.measure(TURN_MS));
  }
  await ours.close();
  await theirs?.close();
  if (theirs === undefined) return [{ name: of.oursName, value: best, unit: UNIT }];
  const ratio = best / other;
  const judged = of.bar === undefined ? {} : { bar: of.bar, pass: ratio >= of.bar };
  return [
    { name: of.theirsName, value: other, unit: UNIT },
    { name: of.oursName, value: best, unit: UNIT, versus: of.theirsName, ratio, ...judged },
  ];
}

async function compareOnWeb(model: ComparedModel): Promise<readonly BenchResult[]> {
  const plain = model === "2nn";
  const wasm: TfjsSetting = { backend: "wasm", withOurKernels: !plain };
  const results = await compare({
    ours: () => openOnnxSteps("onnxruntime-web", model),
    oursName: `${model}, onnxruntime-web`,
    theirs: () => openIfItTrains(wasm, model),
    theirsName: `${model}, tfjs-wasm${plain ? "" : " with Fedge's gradient kernels"}`,
    bar: WEB_BARS[model],
  });
  const cpu =
    model === "cnn" ? undefined : await openIfItTrains({ backend: "cpu", withOurKernels: false }, model);
  if (cpu === undefined) return results;
  const value = await cpu.measure(TURN_MS);
  await cpu.close();
  return [{ name: `${model}, tfjs-cpu`, value, unit: UNIT }, ...results];
}

/** Undefined where TensorFlow.js is not installed or lacks a kernel. */
async function openIfItTrains(setting: TfjsSetting, model: ComparedModel): Promise<Steps | undefined> {
  try {
    return await openTfjsSteps(setting, model);
  } catch (error) {
    process.stderr.write(`${model} is not compared with tfjs-${setting.backend}: ${String(error)}\n`);
    return undefined;
  }
}

async function memoryResults(model: ComparedModel): Promise<readonly BenchResult[]> {
  const ours = await peakMemoryOf("onnxruntime-node", model);
  const theirs = await peakMemoryOf("pytorch", model);
  const versus = `${model}, memory of 50 steps, PyTorch`;
  const name = `${model}, memory of 50 steps, onnxruntime-node`;
  if (ours === undefined) return [];
  if (theirs === undefined) return [{ name, value: ours, unit: "bytes" }];
  return [
    { name: versus, value: theirs, unit: "bytes" },
    { name, value: ours, unit: "bytes", versus, ratio: ours / theirs },
  ];
}
