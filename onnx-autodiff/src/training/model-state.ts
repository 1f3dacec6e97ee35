import type { ModelGraph } from "../model/model-graph.js";
import type { TensorSpec } from "../model/tensor-spec.js";
import { decodeTensor } from "../onnx/tensor.js";
import type { CarriedState } from "../operators/operator.js";
import { DROPOUT_SEED } from "../operators/random-numbers.js";
import { scalarLike } from "../gradient/add-to.js";
import type { ForwardPass } from "./forward-pass.js";

/** Seeds are whole numbers below this, so that a float32 holds them exactly. */
const SEED_RANGE = 2 ** 24;

/** What a model carries from step to step beside its parameters. */
export interface ModelState {
  /** Running statistics, by the names of their initializers. Inference takes them too. */
  readonly statistics: readonly TensorSpec[];
  /** True when a Dropout is in its training form: the train graph then has the state `dropout.seed`. */
  readonly drawsRandomNumbers: boolean;
}

/**
 * Finds it in a forward pass. Throws `ONNX_UNSUPPORTED_OPERATOR` when running statistics are computed instead of
 * stored, or shared by two nodes.
 */
export function findModelState(graph: ModelGraph, { builder, nodes }: ForwardPass): ModelState {
  const statistics = new Map<string, TensorSpec>();
  for (const node of nodes) {
    const context = builder.contextOf(node);
    for (const { initializer } of builder.operatorOf(node)?.carriedState?.(context) ?? []) {
      const tensor = graph.initializers.get(initializer);
      if (tensor === undefined || statistics.has(initializer)) {
        return context.fail(
          "ONNX_UNSUPPORTED_OPERATOR",
          `its running statistics "${initializer}" are ${tensor === undefined ? "no initializer" : "those of another node"}`,
          "give each node its own initializers",
        );
      }
      const { shape, elementType, data } = decodeTensor(tensor);
      statistics.set(initializer, { name: initializer, shape: [...shape], elementType, data: data.slice() });
    }
  }
  const drawsRandomNumbers = nodes.some(
    (node) => builder.operatorOf(node)?.drawsRandomNumbers?.(builder.contextOf(node)) === true,
  );
  return { statistics: [...statistics.values()], drawsRandomNumbers };
}

/** State tensors of the train graph that come from the model. */
export function stateTensors(state: ModelState): readonly TensorSpec[] {
  const seed = { name: DROPOUT_SEED, shape: [], elementType: "float32" as const, data: new Float32Array(1) };
  return state.drawsRandomNumbers ? [...state.statistics, seed] : state.statistics;
}

/** The next values of the model's state, from a forward pass in training form. */
export function nextModelState(
  { builder, nodes }: ForwardPass,
  state: ModelState,
): ReadonlyMap<string, string> {
  const carried = nodes.flatMap<CarriedState>(
    (node) => builder.operatorOf(node)?.carriedState?.(builder.contextOf(node)) ?? [],
  );
  const next = new Map(carried.map(({ initializer, next }) => [initializer, next]));
  if (!state.drawsRandomNumbers) return next;
  const counted = builder.op("Add", [DROPOUT_SEED, scalarLike(builder, DROPOUT_SEED, 1)]);
  const wrapped = builder.op("Mod", [counted, scalarLike(builder, DROPOUT_SEED, SEED_RANGE)], { fmod: 1 });
  return next.set(DROPOUT_SEED, wrapped);
}
