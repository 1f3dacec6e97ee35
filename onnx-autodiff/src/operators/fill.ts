import type { GraphBuilder } from "../builder/graph-builder.js";
import { scalarLike } from "../gradient/add-to.js";
import { staticSize } from "../graph/tensor-type.js";
import { dataTypeOf } from "../onnx/element-type.js";

/** The shape of a value, as an int64 vector: a constant where it is known. */
export function shapeOf(graph: GraphBuilder, value: string): string {
  const shape = graph.typeOf(value)?.shape;
  if (shape === undefined || staticSize(shape) === undefined) return graph.op("Shape", [value]);
  return graph.constant(shape.map(Number), "int64");
}

/** A tensor of `fill` with the element type and shape of `like`. */
export function filledLike(graph: GraphBuilder, like: string, fill: number): string {
  return graph.op("Expand", [scalarLike(graph, like, fill), shapeOf(graph, like)]);
}

/** 1 where a boolean value holds, else 0, in the element type of `like`. */
export function indicator(graph: GraphBuilder, condition: string, like: string): string {
  return graph.op("Cast", [condition], { to: dataTypeOf(graph.requireType(like).elementType) });
}
