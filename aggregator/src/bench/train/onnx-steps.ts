import { buildTrainingGraphs, type TrainingGraphs } from "@fedge/onnx-autodiff";
import { cnn, gru, lstm, twoNN } from "@fedge/onnx-autodiff/zoo";
import { loadOnnxRuntime, type RuntimePackage } from "@fedge/device-runtime/node";
import { createRandom, numValues } from "@fedge/protocol";
import type { Tensor } from "onnxruntime-common";
import { BATCH_SIZE, VOCABULARY, stepsOf, type ComparedModel, type Steps } from "./steps.js";

const ZOO = { "2nn": twoNN, gru, lstm, cnn } satisfies Record<ComparedModel, () => Uint8Array>;
const NUM_CLASSES = 10;
const LEARNING_RATE = 0.05;

/** Our train graph of a zoo model on one of the two runtimes. Throws ENGINE_UNAVAILABLE without it. */
export async function openOnnxSteps(name: RuntimePackage, model: ComparedModel): Promise<Steps> {
  const { runtime } = await loadOnnxRuntime([name]);
  const graphs = buildTrainingGraphs(ZOO[model](), { loss: "softmax-cross-entropy" });
  const session = await runtime.InferenceSession.create(graphs.train, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const feeds: Record<string, Tensor> = exampleFeeds(graphs, runtime.Tensor);
  const step = async (): Promise<void> => {
    const outputs = await session.run(feeds);
    for (const { name: parameter } of graphs.parameters) {
      feeds[parameter] = outputs[`${parameter}.next`] as Tensor;
    }
  };
  return stepsOf(step, () => session.release());
}

function exampleFeeds(graphs: TrainingGraphs, TensorClass: typeof Tensor): Record<string, Tensor> {
  const random = createRandom("bench");
  const [input] = graphs.inputs;
  const shape = [BATCH_SIZE, ...(input?.shape ?? []).slice(1).map(Number)];
  const length = numValues(shape);
  const words = (): bigint => BigInt(Math.floor(random.unit() * VOCABULARY));
  const classes = (): bigint => BigInt(Math.floor(random.unit() * NUM_CLASSES));
  const examples =
    input?.elementType === "int64"
      ? new TensorClass("int64", BigInt64Array.from({ length }, words), shape)
      : new TensorClass(
          "float32",
          Float32Array.from({ length }, () => random.unit()),
          shape,
        );
  const target = new TensorClass("int64", BigInt64Array.from({ length: BATCH_SIZE }, classes), [BATCH_SIZE]);
  const parameters = graphs.parameters.map(({ name, data, shape: dims }) => {
    return [name, new TensorClass("float32", data as Float32Array, [...dims])] as const;
  });
  return {
    ...Object.fromEntries(parameters),
    [input?.name ?? "input"]: examples,
    target,
    learning_rate: new TensorClass("float32", Float32Array.of(LEARNING_RATE), []),
  };
}
