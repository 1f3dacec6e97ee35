import { decodeModel, encodeModel } from "../onnx/model.js";
import type { GraphProto, NodeProto, ValueInfoProto } from "../onnx/proto.js";
import { LOSS_SUM } from "./reserved-names.js";

/** An `eval` graph that also gives the terms of its sums. */
export interface ExposedTerms {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Output with the loss terms, examples first; times `sign`. */
  readonly loss: { readonly name: string; readonly sign: 1 | -1 };
  /** Output with 1 for every right term and 0 for the others; null for losses that do not classify. */
  readonly correct: string | null;
}

/**
 * The `eval` graph with the terms of its sums as further outputs, so that one can see what every example gave.
 * Undefined when the sums are not built as `buildTrainingGraphs` does. Throws as `describeModel` does.
 */
export function exposeTerms(evalModel: Uint8Array): ExposedTerms | undefined {
  const decoded = decodeModel(evalModel);
  const loss = termsOf(decoded.graph, LOSS_SUM);
  if (loss === undefined) return undefined;
  const correct = termsOf(decoded.graph, "correct");
  const known = new Set(decoded.graph.outputs.map(({ name }) => name));
  const names = [loss.name, ...(correct === undefined ? [] : [correct.name])];
  // An output needs no type of its own: a runtime infers it from the node that makes the value.
  const further = names.filter((name) => !known.has(name)).map(untyped);
  const graph = { ...decoded.graph, outputs: [...decoded.graph.outputs, ...further] };
  return { model: encodeModel({ ...decoded, graph }), loss, correct: correct?.name ?? null };
}

/** From a sum back to what is summed, over what only renames it or turns its sign. */
function termsOf(graph: GraphProto, sum: string): ExposedTerms["loss"] | undefined {
  let name = sum;
  let sign: 1 | -1 = 1;
  for (let steps = 0; steps < 8; steps += 1) {
    const node = producerOf(graph, name);
    const [input, axes] = node?.inputs ?? [];
    if (node === undefined || input === undefined) return undefined;
    if (node.opType === "ReduceSum" && (axes ?? "") === "") return { name: input, sign };
    if (node.opType === "Neg") sign = sign === 1 ? -1 : 1;
    else if (node.opType !== "Identity") return undefined;
    name = input;
  }
  return undefined;
}

function producerOf(graph: GraphProto, value: string): NodeProto | undefined {
  return graph.nodes.find((node) => node.outputs.includes(value));
}

function untyped(name: string): ValueInfoProto {
  return { name, type: undefined, docString: "", unknownFields: [] };
}
