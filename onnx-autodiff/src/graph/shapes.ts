import type { InferenceContext } from "./inference-context.js";
import { anonymousDim, type Dim, type TensorType } from "./tensor-type.js";

/** Shape of an elementwise result by ONNX's multidirectional broadcasting (numpy rules, symbols kept). */
export function broadcastShapes(
  context: InferenceContext,
  shapes: readonly (readonly Dim[] | undefined)[],
): readonly Dim[] | undefined {
  let result: readonly Dim[] = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    result = broadcastPair(context, result, shape);
  }
  return result;
}

function broadcastPair(context: InferenceContext, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    // One symbol and a size above 1: the symbol must be 1 or that size, so the result has that size.
    if (typeof left === "number" && typeof right === "number") {
      return context.fail(
        "ONNX_SHAPE_MISMATCH",
        `shapes [${a.join(", ")}] and [${b.join(", ")}] do not broadcast`,
        "make the dims equal or 1",
      );
    }
    if (typeof left === "number") return left;
    if (typeof right === "number") return right;
    return anonymousDim(context.node.outputs[0] ?? "", index);
  });
}

/** Output type of an operator whose only output has the type of input 0. */
export function sameAsInput(context: InferenceContext): readonly (TensorType | undefined)[] {
  return [context.type(0)];
}

/** Output type of an operator that broadcasts all its inputs and keeps their element type. */
export function broadcastInputs(context: InferenceContext): readonly (TensorType | undefined)[] {
  const types = context.node.inputs.map((_, index) => context.type(index));
  const elementType = types.find((type) => type !== undefined)?.elementType;
  if (elementType === undefined) return [undefined];
  return [
    {
      elementType,
      shape: broadcastShapes(
        context,
        types.map((type) => type?.shape),
      ),
    },
  ];
}

/** As `broadcastInputs`, with a boolean result. */
export function broadcastToBool(context: InferenceContext): readonly (TensorType | undefined)[] {
  const shape = broadcastShapes(
    context,
    context.node.inputs.map((_, index) => context.shape(index)),
  );
  return [{ elementType: "bool", shape }];
}

/**
 * Axes that a reduction removes, ascending: from input 1, else from the attribute, else all.
 * Undefined when they or the rank are known only at run time.
 */
export function reductionAxes(context: InferenceContext): readonly number[] | undefined {
  const shape = context.shape(0);
  const fromInput = context.inputName(1) !== undefined;
  const axes = fromInput ? context.contents(1) : (context.ints("axes") ?? []);
  if (shape === undefined || axes === undefined || axes.some((axis) => typeof axis === "string"))
    return undefined;
  if (axes.length === 0) {
    return context.int("noop_with_empty_axes", 0) === 1 ? [] : shape.map((_, index) => index);
  }
  return axes.map((axis) => context.axis(Number(axis), shape.length)).sort((a, b) => a - b);
}

/** Output type of a reduction (keepdims defaults to 1). */
export function reduced(context: InferenceContext): readonly (TensorType | undefined)[] {
  const type = context.type(0);
  const axes = reductionAxes(context);
  if (type?.shape === undefined || axes === undefined) {
    return [type === undefined ? undefined : { ...type, shape: undefined }];
  }
  const isKept = context.int("keepdims", 1) === 1;
  const shape = isKept
    ? type.shape.map((dim, index) => (axes.includes(index) ? 1 : dim))
    : type.shape.filter((_, index) => !axes.includes(index));
  return [{ ...type, shape }];
}
