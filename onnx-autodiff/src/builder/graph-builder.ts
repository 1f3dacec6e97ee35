import { FedgeError } from "@fedge/protocol";
import { InferenceContext } from "../graph/inference-context.js";
import { describeNode, newNode } from "../graph/node.js";
import { encodeValueType, type Dim, type TensorType } from "../graph/tensor-type.js";
import type { Attributes } from "../onnx/attributes.js";
import type { ElementType } from "../onnx/element-type.js";
import { elementTypeOf } from "../onnx/element-type.js";
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from "../onnx/proto.js";
import { decodeTensor, encodeTensor, type Tensor } from "../onnx/tensor.js";
import type { Operator } from "../operators/operator.js";
import { constantTensor, constantValue, type ConstantValues } from "./constant.js";
import { collectLiveNodes, finishOutputs } from "./live-nodes.js";
import { subexpressionKey } from "./subexpression.js";

/** Integer tensors up to this size are tracked as shapes and axes. */
const MAX_TRACKED_CONTENTS = 64;

export interface GraphBuilderOptions {
  readonly opset: number;
  readonly operators: ReadonlyMap<string, Operator>;
  /** Names that generated values must not take. */
  readonly reservedNames?: ReadonlySet<string>;
  /** Graph around a subgraph: its values may be read. */
  readonly outer?: GraphBuilder;
  /** Beginning of generated names; "fedge" by default. */
  readonly prefix?: string;
}

export interface GraphOutput {
  /** Name in the finished graph. */
  readonly name: string;
  /** Value that it gives; the same as the name by default. */
  readonly value?: string;
}

/**
 * A graph under construction: types of all values are inferred as nodes are added, equal subexpressions are
 * computed once, and `build` keeps only what its outputs need.
 */
export class GraphBuilder {
  readonly opset: number;
  readonly #operators: ReadonlyMap<string, Operator>;
  readonly #reserved: ReadonlySet<string>;
  readonly #nodes: NodeProto[] = [];
  readonly #types = new Map<string, TensorType>();
  readonly #declared = new Map<string, TensorType>();
  readonly #contents = new Map<string, readonly Dim[]>();
  readonly #inputs: string[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #producers = new Map<string, NodeProto>();
  readonly #known = new Map<string, readonly string[]>();
  readonly #generated = new Set<string>();
  readonly #nodeNames = new Set<string>();
  readonly #outer: GraphBuilder | undefined;
  readonly #prefix: string;
  #counter = 0;

  constructor(options: GraphBuilderOptions) {
    this.opset = options.opset;
    this.#operators = options.operators;
    this.#reserved = options.reservedNames ?? new Set();
    this.#outer = options.outer;
    this.#prefix = options.prefix ?? "fedge";
  }

  get nodes(): readonly NodeProto[] {
    return this.#nodes;
  }

  typeOf(name: string): TensorType | undefined {
    return this.#types.get(name) ?? this.#declared.get(name) ?? this.#outer?.typeOf(name);
  }

  /** Type of a value that must be known. Throws `ONNX_INVALID_GRAPH` otherwise. */
  requireType(name: string): TensorType {
    const type = this.typeOf(name);
    if (type !== undefined) return type;
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `the type of value "${name}" is unknown; run onnx.shape_inference.infer_shapes on the model first`,
    );
  }

  /** Shape of a value whose rank must be known. Throws `ONNX_INVALID_GRAPH` otherwise. */
  requireShape(name: string): readonly Dim[] {
    const { shape } = this.requireType(name);
    if (shape !== undefined) return shape;
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `the rank of value "${name}" is unknown; run onnx.shape_inference.infer_shapes on the model first`,
    );
  }

  contentsOf(name: string): readonly Dim[] | undefined {
    return this.#contents.get(name);
  }

  tensorOf(name: string): Tensor | undefined {
    const initializer = this.#initializers.get(name);
    if (initializer !== undefined) return decodeTensor(initializer);
    const producer = this.#producers.get(name);
    return producer?.opType === "Constant" ? constantValue(producer) : undefined;
  }

  producerOf(name: string): NodeProto | undefined {
    return this.#producers.get(name);
  }

  operatorOf(node: NodeProto): Operator | undefined {
    return this.#operators.get(node.opType);
  }

  contextOf(node: NodeProto): InferenceContext {
    return new InferenceContext(node, this.opset, this);
  }

  /** A builder for the body of a node of this graph; what it reads of this graph is captured by name. */
  subgraph(hint: string): GraphBuilder {
    const { opset } = this;
    const reservedNames = this.#reserved;
    return new GraphBuilder({
      ...{ opset, operators: this.#operators, reservedNames, outer: this },
      prefix: this.#freshName(hint),
    });
  }

  /** Records a type that is used where inference finds none. */
  declare(name: string, type: TensorType): void {
    this.#declared.set(name, type);
  }

  /** Adds a graph input and returns its name. */
  input(name: string, elementType: ElementType, shape: readonly Dim[] | undefined): string {
    this.#claim(name);
    this.#inputs.push(name);
    this.#types.set(name, { elementType, shape });
    return name;
  }

  /** Adds a constant with its own name and returns the name. */
  initializer(name: string, tensor: Tensor): string {
    return this.addInitializer(encodeTensor(name, tensor));
  }

  addInitializer(tensor: TensorProto): string {
    this.#claim(tensor.name);
    this.#initializers.set(tensor.name, tensor);
    const elementType = elementTypeOf(tensor.dataType);
    if (elementType === undefined) return tensor.name;
    this.#types.set(tensor.name, { elementType, shape: tensor.dims });
    const isTracked = (elementType === "int64" || elementType === "int32") && tensor.dims.length <= 1;
    if (isTracked && (tensor.dims[0] ?? 1) <= MAX_TRACKED_CONTENTS) {
      this.#contents.set(tensor.name, Array.from(decodeTensor(tensor).data, Number));
    }
    return tensor.name;
  }

  /** Turns an initializer into a graph input without a default, so that its value is given at each run. */
  convertToInput(name: string): void {
    if (!this.#initializers.delete(name)) return;
    this.#contents.delete(name);
    this.#inputs.push(name);
  }

  /** A constant: a scalar for a number, a vector for a list. Equal constants are stored once. */
  constant(values: ConstantValues, elementType: ElementType): string {
    const key = `constant ${elementType} ${JSON.stringify(values)}`;
    const known = this.#known.get(key)?.[0];
    if (known !== undefined) return known;
    const name = this.#freshName("constant");
    this.#known.set(key, [name]);
    return this.initializer(name, constantTensor(values, elementType));
  }

  /** Adds a node of one output and returns the output's name: that of an equal earlier node where there is one. */
  op(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(type, inputs, attributes, 1)[0] ?? "";
  }

  /** As `op`, for `numOutputs` outputs. */
  ops(
    type: string,
    inputs: readonly string[],
    attributes: Attributes,
    numOutputs: number,
  ): readonly string[] {
    const draft = newNode({ type, inputs, outputs: [], attributes });
    const key = this.#keyOf(draft, numOutputs);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const outputs = Array.from({ length: numOutputs }, () => this.#freshName(type));
    for (const name of outputs) this.#generated.add(name);
    this.addNode({ ...draft, name: outputs[0] ?? "", outputs });
    return outputs;
  }

  /** Adds a node as it is, with the output names that it has. */
  addNode(node: NodeProto): void {
    for (const name of node.outputs) if (name !== "") this.#claim(name, node);
    this.#nodes.push(node);
    this.#nodeNames.add(node.name);
    this.#infer(node);
    const key = this.#keyOf(node, node.outputs.length);
    if (key !== undefined && !this.#known.has(key)) this.#known.set(key, node.outputs);
    for (const name of node.outputs) if (name !== "") this.#producers.set(name, node);
  }

  /** The graph that computes `outputs` from all inputs; nodes and initializers that no output needs are left out. */
  build(name: string, outputs: readonly GraphOutput[]): GraphProto {
    const finished = finishOutputs(this, outputs, this.#generated);
    const live = collectLiveNodes(finished.nodes, finished.names);
    const isUsed = (value: string): boolean => live.values.has(value);
    return {
      nodes: live.nodes,
      name,
      initializers: [...this.#initializers.values()].filter((tensor) => isUsed(tensor.name)),
      docString: "",
      inputs: this.#inputs.map((input) => encodeValueType(input, this.requireType(input))),
      outputs: outputs.map((output) =>
        encodeValueType(output.name, this.requireType(output.value ?? output.name)),
      ),
      valueInfos: live.nodes.flatMap((node) => this.#declaredOutputs(node)),
      sparseInitializers: [],
      unknownFields: [],
    };
  }

  /** Types that no rule can find again must be written into the graph. */
  #declaredOutputs(node: NodeProto): readonly ValueInfoProto[] {
    if (this.operatorOf(node) !== undefined) return [];
    return node.outputs.flatMap((name) => {
      const type = this.#declared.get(name);
      return type === undefined ? [] : [encodeValueType(name, type)];
    });
  }

  #infer(node: NodeProto): void {
    const operator = this.operatorOf(node);
    if (operator === undefined) return;
    const context = this.contextOf(node);
    const types = operator.infer(context);
    node.outputs.forEach((name, index) => {
      const type = mergeTypes(types[index], this.#declared.get(name));
      if (name !== "" && type !== undefined) this.#types.set(name, type);
    });
    const contents = operator.contents?.(context);
    const first = node.outputs[0];
    if (contents !== undefined && contents.length <= MAX_TRACKED_CONTENTS && first !== undefined) {
      this.#contents.set(first, contents);
    }
  }

  /** Only operators with rules are known to be deterministic, so only they are shared. */
  #keyOf(node: NodeProto, numOutputs: number): string | undefined {
    return this.#operators.has(node.opType) ? subexpressionKey(node, numOutputs) : undefined;
  }

  #claim(name: string, node?: NodeProto): void {
    if (!this.#types.has(name) && !this.#producers.has(name) && !this.#initializers.has(name)) return;
    const where = node === undefined ? "" : ` by ${describeNode(node)}`;
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `value "${name}" is defined twice${where}; give each value one name`,
    );
  }

  /** A name that nothing has yet. */
  newName(hint: string): string {
    return this.#freshName(hint);
  }

  #freshName(hint: string): string {
    for (;;) {
      const name = `${this.#prefix}/${hint}_${this.#counter++}`;
      const isTaken = this.#types.has(name) || this.#declared.has(name) || this.#nodeNames.has(name);
      if (!isTaken && !this.#reserved.has(name)) return name;
    }
  }
}

function mergeTypes(
  inferred: TensorType | undefined,
  declared: TensorType | undefined,
): TensorType | undefined {
  if (inferred?.shape === undefined && declared !== undefined) {
    return { elementType: inferred?.elementType ?? declared.elementType, shape: declared.shape };
  }
  return inferred;
}
