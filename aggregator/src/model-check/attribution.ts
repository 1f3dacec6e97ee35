import { buildAttributionGraph, type TrainingGraphs } from "@fedge/onnx-autodiff";
import { toWireError } from "@fedge/protocol";
import type { OnnxRuntime } from "../evaluation/evaluate.js";
import type { Attribution, ModelToPrepare } from "./prepared-model.js";
import { modelFeeds, only, trialOf } from "./training-step.js";

const SESSION = { intraOpNumThreads: 1, interOpNumThreads: 1 } as const;

/**
 * The graph that explains the model's answers, which takes what its `infer` graph takes. A model that has none is no
 * error: it serves and trains as any other.
 */
export function attributionOf({ onnx, training }: ModelToPrepare, graphs: TrainingGraphs): Attribution {
  const parameters = [...graphs.parameters.map(({ name }) => name), ...graphs.statistics];
  const { output } = training;
  try {
    return {
      graph: buildAttributionGraph(onnx, { parameters, ...(output === undefined ? {} : { output }) }),
    };
  } catch (error) {
    return { obstacle: toWireError(error).message };
  }
}

/** As `attributionOf`, once the graph has run on random inputs: devices should not be the first to find that it fails. */
export async function tryAttribution(
  runtime: OnnxRuntime,
  model: ModelToPrepare,
  graphs: TrainingGraphs,
): Promise<Attribution> {
  const attribution = attributionOf(model, graphs);
  if ("obstacle" in attribution) return attribution;
  try {
    const session = await runtime.InferenceSession.create(attribution.graph, SESSION);
    const { inputs, tensors } = modelFeeds(trialOf(runtime, graphs));
    await session.run(only(session.inputNames, { ...inputs, ...tensors }));
    await session.release();
    return attribution;
  } catch (error) {
    // The runtime breaks its messages into lines.
    const cause = (error as Error).message.replaceAll(/\s+/g, " ").trim();
    return { obstacle: `its gradients with respect to the inputs fail on random ones: ${cause}` };
  }
}
