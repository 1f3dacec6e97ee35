import type { Operator } from "../operator.js";
import { activationsOf } from "./activation.js";
import { biasSum, collectGradients, outer } from "./collect.js";
import { directionsToDifferentiate, walkBack } from "./direction.js";
import { keepSequence, recurrentMultiplyAdds, recurrentTypes, requireDifferentiable } from "./recurrent.js";

/** H_t = f(X_t W' + H_(t-1) R' + Wb + Rb): the simple recurrent network, in one or both directions. */
export const rnn: Operator = {
  type: "RNN",
  unchangedSince: 7,
  differentiableInputs: [0, 1, 2, 3, 5],
  infer: (context) => recurrentTypes(context, 1),
  trainingForm: keepSequence,

  gradient(context) {
    requireDifferentiable(context.inference);
    const { graph } = context;
    const parts = directionsToDifferentiate(context, 1).map((direction, index) => {
      const [activation] = activationsOf(context.inference, ["Tanh"], index);
      const slopes = activation?.slope(graph, direction.states) ?? "";
      const walk = walkBack(direction, [slopes], {
        step(inner, [gradient = ""], [slope = ""]) {
          const gates = inner.op("Mul", [gradient, slope]);
          return { gates, carried: [inner.op("MatMul", [gates, direction.r])] };
        },
      });
      const bias = biasSum(direction, walk.gates);
      return {
        x: graph.op("Gemm", [walk.gates, direction.w]),
        w: outer(direction, walk.gates, direction.x),
        r: outer(direction, walk.gates, direction.previous),
        wb: bias,
        rb: bias,
        initial: walk.initial[0] ?? "",
      };
    });
    return collectGradients(context, parts);
  },

  multiplyAdds: (context) => recurrentMultiplyAdds(context, 1),
};
