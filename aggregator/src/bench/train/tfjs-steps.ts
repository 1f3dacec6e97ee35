import { NODE_BACKENDS, loadTfjsRuntime } from "@fedge/device-runtime/node/tfjs";
import { registerTrainingKernels, type TfjsRuntime } from "@fedge/device-runtime/engines/tfjs";
import { BATCH_SIZE, VOCABULARY, stepsOf, type ComparedModel, type Steps } from "./steps.js";

/** How TensorFlow.js is measured. */
export interface TfjsSetting {
  readonly backend: "wasm" | "cpu";
  /** Adds the gradient kernels that the WASM backend lacks. */
  readonly withOurKernels: boolean;
}

/** A layers model of the same sizes, trained by `trainOnBatch`. Throws what TensorFlow.js throws without a kernel. */
export async function openTfjsSteps(setting: TfjsSetting, model: ComparedModel): Promise<Steps> {
  const candidates = NODE_BACKENDS.filter(({ kind }) => kind === setting.backend);
  const { runtime } = await loadTfjsRuntime(candidates);
  if (setting.withOurKernels) registerTrainingKernels(runtime.core);
  const { core } = runtime;
  const layersModel = build(runtime, model);
  const isWords = model === "gru" || model === "lstm";
  const x = isWords
    ? core.randomUniform([BATCH_SIZE, 10], 0, VOCABULARY, "int32")
    : core.randomUniform(model === "cnn" ? [BATCH_SIZE, 28, 28, 1] : [BATCH_SIZE, 784]);
  const classes = isWords ? VOCABULARY : 10;
  const target = core.oneHot(core.randomUniform([BATCH_SIZE], 0, 10, "int32"), classes);
  const step = async (): Promise<void> => {
    await layersModel.trainOnBatch(x, target);
  };
  return stepsOf(step, () => {
    layersModel.dispose();
    core.dispose([x, target]);
    return Promise.resolve();
  });
}

function build(
  { core, layers }: TfjsRuntime,
  model: ComparedModel,
): ReturnType<TfjsRuntime["layers"]["sequential"]> {
  const built = layers.sequential();
  const dense = (units: number, activation: "relu" | "softmax", inputs?: number): void =>
    built.add(
      layers.layers.dense({ units, activation, ...(inputs === undefined ? {} : { inputShape: [inputs] }) }),
    );
  if (model === "2nn") {
    dense(200, "relu", 784);
    dense(200, "relu");
    dense(10, "softmax");
  } else if (model === "cnn") {
    const conv = (filters: number, inputShape?: number[]): void => {
      const sizes = { filters, kernelSize: 5, padding: "same" as const, activation: "relu" as const };
      built.add(layers.layers.conv2d({ ...sizes, ...(inputShape === undefined ? {} : { inputShape }) }));
      built.add(layers.layers.maxPooling2d({ poolSize: 2 }));
    };
    conv(32, [28, 28, 1]);
    conv(64);
    built.add(layers.layers.flatten());
    dense(512, "relu");
    dense(10, "softmax");
  } else {
    const sizes = { units: 96, recurrentInitializer: "glorotUniform" as const };
    built.add(layers.layers.embedding({ inputDim: VOCABULARY, outputDim: 48, inputLength: 10 }));
    built.add(model === "gru" ? layers.layers.gru(sizes) : layers.layers.lstm(sizes));
    dense(VOCABULARY, "softmax");
  }
  built.compile({ optimizer: core.train.sgd(0.05), loss: "categoricalCrossentropy" });
  return built;
}
