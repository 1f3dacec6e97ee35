import { scatterSlices } from "../gradient/scatter.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { Operator } from "./operator.js";

/** Slices of the data by index, such as rows of an embedding; their gradients add up where they were taken from. */
export const gather: Operator = {
  type: "Gather",
  unchangedSince: 1,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    const indices = context.shape(1);
    if (type?.shape === undefined || indices === undefined) return [type && { ...type, shape: undefined }];
    const axis = context.axis(context.int("axis", 0), type.shape.length);
    return [{ ...type, shape: [...type.shape.slice(0, axis), ...indices, ...type.shape.slice(axis + 1)] }];
  },

  contents(context) {
    const dims = context.shape(0)?.length === 1 ? context.contents(0) : undefined;
    const indices = context.contents(1);
    const picked = indices?.map((index) => (typeof index === "number" ? dims?.at(index) : undefined));
    return picked?.every((dim) => dim !== undefined) === true ? picked : undefined;
  },

  gradient(context) {
    const { graph, inference } = context;
    const data = context.input(0);
    const axis = inference.axis(inference.int("axis", 0), graph.requireShape(data).length);
    const given = context.input(1);
    const isInt64 = graph.requireType(given).elementType === "int64";
    const indices = isInt64 ? given : graph.op("Cast", [given], { to: dataTypeOf("int64") });
    return [scatterSlices(graph, context.outputGradient(), { like: data, axis, indices })];
  },
};
