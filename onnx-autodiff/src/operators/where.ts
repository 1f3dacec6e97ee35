import { unbroadcast } from "../gradient/broadcast.js";
import { scalarLike } from "../gradient/add-to.js";
import type { Dim } from "../graph/tensor-type.js";
import { broadcastShapes } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const where: Operator = {
  type: "Where",
  unchangedSince: 9,
  differentiableInputs: [1, 2],

  infer(context) {
    const type = context.type(1) ?? context.type(2);
    if (type === undefined) return [undefined];
    const shape = broadcastShapes(
      context,
      [0, 1, 2].map((index) => context.shape(index)),
    );
    return [{ elementType: type.elementType, shape }];
  },

  contents(context) {
    const [conditions, yes, no] = [0, 1, 2].map((index) => context.contents(index));
    if (conditions === undefined || yes === undefined || no === undefined) return undefined;
    const isVector = [0, 1, 2].every((index) => (context.shape(index)?.length ?? 2) <= 1);
    const length = Math.max(conditions.length, yes.length, no.length);
    const at = (values: readonly Dim[], index: number): Dim | undefined =>
      values[values.length === 1 ? 0 : index];
    const picked = Array.from({ length }, (_, index) => {
      const condition = at(conditions, index);
      return typeof condition === "number" ? at(condition === 0 ? no : yes, index) : undefined;
    });
    return isVector && picked.every((value) => value !== undefined) ? picked : undefined;
  },

  gradient(context) {
    const { graph } = context;
    const [condition, dy] = [context.input(0), context.outputGradient()];
    const zero = scalarLike(graph, dy, 0);
    const chosen = (inputs: readonly string[], index: number): string =>
      unbroadcast(graph, graph.op("Where", [condition, ...inputs]), context.input(index));
    return [
      undefined,
      context.needs(1) ? chosen([dy, zero], 1) : undefined,
      context.needs(2) ? chosen([zero, dy], 2) : undefined,
    ];
  },
};
