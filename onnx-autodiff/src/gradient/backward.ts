import { FedgeError } from "@fedge/protocol";
import type { GraphBuilder } from "../builder/graph-builder.js";
import { describeNode } from "../graph/node.js";
import { capturesOf } from "../graph/subgraphs.js";
import { isDifferentiable } from "../onnx/element-type.js";
import type { NodeProto } from "../onnx/proto.js";
import { GradientContext } from "./gradient-context.js";
import { addTo } from "./add-to.js";

export interface BackwardOptions {
  /** Forward nodes in topological order. */
  readonly nodes: readonly NodeProto[];
  /** Value at which the backward pass starts, and the gradient of the loss with respect to it. */
  readonly output: string;
  readonly outputGradient: string;
  readonly parameters: readonly string[];
  /** What an operator without a gradient rule leads to, before the names at fault; that parameters cannot be trained by default. */
  readonly consequence?: string;
}

/** Inputs of a node that gradients flow to: floating point, and not excluded by the operator. */
export function differentiableInputs(graph: GraphBuilder, node: NodeProto): readonly number[] {
  const listed = graph.operatorOf(node)?.differentiableInputs;
  return node.inputs.flatMap((name, index) => {
    if (name === "" || (listed !== undefined && !listed.includes(index))) return [];
    const type = graph.typeOf(name);
    // A value of unknown type may be floating point: assume so, and let the missing rule be reported.
    return type === undefined || isDifferentiable(type.elementType) ? [index] : [];
  });
}

/** Values of a node that gradients would have to reach: differentiable inputs, and all that its subgraphs read. */
function gradientReads(graph: GraphBuilder, node: NodeProto): readonly string[] {
  const inputs = differentiableInputs(graph, node).map((index) => node.inputs[index] ?? "");
  return [...inputs, ...capturesOf(node)];
}

/** Values that depend on one of `sources` through differentiable inputs, the sources included. */
export function dependents(
  graph: GraphBuilder,
  nodes: readonly NodeProto[],
  sources: readonly string[],
): ReadonlySet<string> {
  const values = new Set(sources);
  for (const node of nodes) {
    if (!gradientReads(graph, node).some((name) => values.has(name))) continue;
    for (const name of node.outputs) {
      const type = graph.typeOf(name);
      if (type === undefined || isDifferentiable(type.elementType)) values.add(name);
    }
  }
  return values;
}

/** Values that a change of `output` can be traced back to through differentiable inputs, `output` included. */
export function influences(
  graph: GraphBuilder,
  nodes: readonly NodeProto[],
  output: string,
): ReadonlySet<string> {
  const values = new Set([output]);
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => values.has(name))) continue;
    for (const name of gradientReads(graph, node)) values.add(name);
  }
  return values;
}

/**
 * Reverse-mode differentiation: emits the gradient of the loss with respect to each parameter and returns the
 * values' names. Only nodes between a parameter and the output are differentiated.
 *
 * Throws `ONNX_UNSUPPORTED_OPERATOR` for a node on such a path whose operator has no gradient rule.
 * Source: Baydin et al. 2018, section 3.2.
 */
export function differentiate(graph: GraphBuilder, options: BackwardOptions): ReadonlyMap<string, string> {
  const reached = dependents(graph, options.nodes, options.parameters);
  const gradients = new Map([[options.output, options.outputGradient]]);
  for (const node of [...options.nodes].reverse()) {
    const outputs = node.outputs.map((name) => gradients.get(name));
    const needed = differentiableInputs(graph, node).filter((index) => reached.has(node.inputs[index] ?? ""));
    if (outputs.every((gradient) => gradient === undefined)) continue;
    if (capturesOf(node).some((name) => reached.has(name))) failUnsupported(graph, node, options);
    if (needed.length === 0) continue;
    const rule = graph.operatorOf(node)?.gradient ?? failUnsupported(graph, node, options);
    const context = new GradientContext(graph, graph.contextOf(node), {
      outputs,
      neededInputs: new Set(needed),
    });
    const inputGradients = rule(context);
    for (const index of needed) accumulate(graph, gradients, node.inputs[index] ?? "", inputGradients[index]);
  }
  return gradients;
}

function accumulate(
  graph: GraphBuilder,
  gradients: Map<string, string>,
  name: string,
  addend: string | undefined,
): void {
  if (addend === undefined) return;
  const sum = gradients.get(name);
  gradients.set(name, sum === undefined ? addend : addTo(graph, sum, addend));
}

function failUnsupported(graph: GraphBuilder, node: NodeProto, options: BackwardOptions): never {
  const upstream = influences(graph, options.nodes, node.outputs[0] ?? "");
  const parameters = options.parameters.filter((name) => upstream.has(name));
  const { consequence } = options;
  const remedy = `${consequence === undefined ? 'exclude them with the option "trainable", or ' : ""}replace the operator`;
  throw new FedgeError(
    "ONNX_UNSUPPORTED_OPERATOR",
    `${describeNode(node)} has no gradient rule, so ${consequence ?? "these parameters cannot be trained"}: ` +
      `${parameters.join(", ")}; ${remedy}`,
    { details: { node: node.name, operator: node.opType, outputs: node.outputs, parameters } },
  );
}
