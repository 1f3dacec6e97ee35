import { describe, expect, test } from "vitest";
import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { newNode } from "../graph/node.js";
import { encodeAttributes } from "../onnx/attributes.js";
import { decodeModel, encodeModel } from "../onnx/model.js";
import type { GraphProto, NodeProto } from "../onnx/proto.js";
import { codeOf, errorOf } from "../testing/error-code.js";
import { logistic } from "../zoo/logistic.js";
import { twoNN } from "../zoo/two-nn.js";
import { buildTrainingGraphs } from "./build-training-graphs.js";
import type { TrainingOptions } from "./options.js";

const SGD: TrainingOptions = { loss: "softmax-cross-entropy" };

function graphOf(bytes: Uint8Array): GraphProto {
  return decodeModel(bytes).graph;
}

function operatorsOf(bytes: Uint8Array): readonly string[] {
  return graphOf(bytes).nodes.map((node) => node.opType);
}

function namesOf(items: readonly { readonly name: string }[]): readonly string[] {
  return items.map((item) => item.name);
}

/** `model` with its graph changed. */
function edited(model: Uint8Array, edit: (graph: GraphProto) => Partial<GraphProto>): Uint8Array {
  const decoded = decodeModel(model);
  return encodeModel({ ...decoded, graph: { ...decoded.graph, ...edit(decoded.graph) } });
}

function withSubgraph(node: NodeProto, graph: GraphProto): NodeProto {
  const [attribute] = encodeAttributes({ then_branch: 0 });
  return {
    ...node,
    attributes: attribute === undefined ? [] : [{ ...attribute, int: undefined, graph, type: 5 }],
  };
}

/** x [N, 3] times w1 [3, 4], then `middle`, then times w2 [4, 2]. */
function twoLayers(middle: (g: ModelBuilder, hidden: string) => string): Uint8Array {
  const g = createGraphBuilder({ name: "two-layers" });
  g.input("x", "float32", ["N", 3]);
  g.initializer("w1", { elementType: "float32", shape: [3, 4], data: new Float32Array(12) });
  g.initializer("w2", { elementType: "float32", shape: [4, 2], data: new Float32Array(8) });
  g.output("logits", g.op("MatMul", [middle(g, g.op("MatMul", ["x", "w1"])), "w2"]));
  return g.build();
}

describe("the three graphs", () => {
  test("take and give the documented values", () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 3, classes: 2 }), SGD);

    expect(namesOf(graphOf(graphs.infer).inputs)).toEqual(["input", "weight", "bias"]);
    expect(namesOf(graphOf(graphs.infer).outputs)).toEqual(["logits"]);
    expect(namesOf(graphOf(graphs.eval).inputs)).toEqual(["input", "weight", "bias", "target"]);
    expect(namesOf(graphOf(graphs.eval).outputs)).toEqual(["loss_sum", "correct", "count"]);
    expect(namesOf(graphOf(graphs.train).inputs)).toEqual([
      "input",
      "weight",
      "bias",
      "target",
      "learning_rate",
    ]);
    expect(namesOf(graphOf(graphs.train).outputs)).toEqual(["loss", "weight.next", "bias.next"]);
    expect(graphs.loss).toEqual({
      kind: "softmax-cross-entropy",
      prediction: "logits",
      target: { name: "target", elementType: "int64", shape: ["N"] },
      metric: "correct",
    });
  });

  test("take and give momentum, gradients and the proximal term when asked to", () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 3, classes: 2 }), {
      ...SGD,
      optimizer: { kind: "sgd", momentum: 0.9 },
      outputGradients: true,
      proximal: true,
      trainable: "weight",
    });
    const train = graphOf(graphs.train);

    expect(namesOf(graphs.state)).toEqual(["weight.velocity"]);
    expect(graphs.state[0]?.data).toEqual(new Float32Array(6));
    expect(new Set(namesOf(train.inputs))).toEqual(
      new Set([
        "input",
        "weight",
        "weight.velocity",
        "weight.anchor",
        "target",
        "learning_rate",
        "proximal_mu",
      ]),
    );
    expect(namesOf(train.outputs)).toEqual(["loss", "weight.next", "weight.velocity.next", "weight.grad"]);
  });

  test("keep parameters that are not trained inside", () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 3, classes: 2 }), { ...SGD, trainable: ["wei*"] });

    expect(namesOf(graphs.parameters)).toEqual(["weight"]);
    expect(namesOf(graphOf(graphs.infer).initializers)).toEqual(["bias"]);
    expect(namesOf(graphOf(graphs.train).initializers)).toContain("bias");
  });

  test("plain SGD computes gradient and update of each weight in one Gemm, without transposing a weight", () => {
    const operators = operatorsOf(
      buildTrainingGraphs(twoNN({ inputs: 5, hidden: 4, classes: 3 }), SGD).train,
    );

    // Three layers forward, two input gradients, three weight updates; the first layer's input needs no gradient.
    expect(operators.filter((type) => type === "Gemm")).toHaveLength(8);
    // The logits and their gradient: the zoo's 2NN keeps examples in columns.
    expect(operators.filter((type) => type === "Transpose")).toHaveLength(2);
  });

  test("no two nodes compute the same", () => {
    const { nodes } = graphOf(buildTrainingGraphs(twoNN({ inputs: 5, hidden: 4, classes: 3 }), SGD).train);
    const keys = nodes.map((node) =>
      JSON.stringify([node.opType, node.inputs, node.attributes.map((a) => [a.name, String(a.int)])]),
    );

    expect(new Set(keys).size).toBe(keys.length);
  });

  test("every value is used or an output", () => {
    const { nodes, outputs } = graphOf(
      buildTrainingGraphs(twoNN({ inputs: 5, hidden: 4, classes: 3 }), SGD).train,
    );
    const read = new Set([...nodes.flatMap((node) => node.inputs), ...namesOf(outputs)]);

    expect(nodes.flatMap((node) => node.outputs).filter((name) => !read.has(name))).toEqual([]);
  });

  test("only the part behind trained parameters is differentiated", () => {
    const model = twoLayers((g, hidden) => g.op("Relu", [hidden]));
    const last = operatorsOf(buildTrainingGraphs(model, { ...SGD, trainable: "w2" }).train);

    // Two layers forward and one weight update: neither ReLU nor the first layer has a
    // gradient, so the only Cast is that of the count.
    expect(last.filter((type) => type === "Gemm" || type === "MatMul")).toHaveLength(3);
    expect(last.filter((type) => type === "Cast")).toHaveLength(1);
  });
});

describe("an operator without a gradient rule", () => {
  const model = twoLayers((g, hidden) => g.declare(g.op("Det", [hidden]), "float32", ["N", 4]));

  test("is named with the parameters behind it when they are to be trained", () => {
    const error = errorOf(() => buildTrainingGraphs(model, SGD));

    expect(error?.code).toBe("ONNX_UNSUPPORTED_OPERATOR");
    expect(error?.details).toMatchObject({ operator: "Det", parameters: ["w1"] });
    expect(error?.message).toContain('trained: w1; exclude them with the option "trainable"');
  });

  test("is no error when no trained parameter is behind it", () => {
    expect(namesOf(buildTrainingGraphs(model, { ...SGD, trainable: "w2" }).parameters)).toEqual(["w2"]);
  });

  test("is found where a subgraph reads the parameter from the graph around it", () => {
    const plain = twoLayers((g, hidden) => g.declare(g.op("If", [hidden]), "float32", ["N", 4]));
    const branch: GraphProto = {
      ...graphOf(logistic({ inputs: 1, classes: 1 })),
      inputs: [],
      initializers: [],
    };
    const nodes = [newNode({ type: "Identity", inputs: ["w1"], outputs: ["inner"] })];
    const conditional = edited(plain, (graph) => ({
      nodes: graph.nodes.map((node) =>
        node.opType === "If"
          ? withSubgraph({ ...node, inputs: [] }, { ...branch, nodes, outputs: [] })
          : node,
      ),
    }));

    expect(errorOf(() => buildTrainingGraphs(conditional, SGD))?.details).toMatchObject({
      operator: "If",
      parameters: ["w1"],
    });
  });

  test("of another domain is always refused", () => {
    const foreign = edited(model, (graph) => ({
      nodes: graph.nodes.map((node) => (node.opType === "Det" ? { ...node, domain: "com.example" } : node)),
    }));

    const error = errorOf(() => buildTrainingGraphs(foreign, { ...SGD, trainable: "w2" }));

    expect(error?.code).toBe("ONNX_UNSUPPORTED_OPERATOR");
    expect(error?.details).toMatchObject({ operator: "Det", domain: "com.example" });
  });
});

describe("a graph that cannot be used", () => {
  const model = logistic({ inputs: 3, classes: 2 });
  const withNodes = (...nodes: readonly NodeProto[]): Uint8Array =>
    edited(model, (graph) => ({ nodes: [...graph.nodes, ...nodes] }));
  const relu = (input: string, output: string): NodeProto =>
    newNode({ type: "Relu", inputs: [input], outputs: [output] });

  test.each([
    ["a cycle", withNodes(relu("a", "b"), relu("b", "a")), "cycle"],
    ["a value that nothing defines", withNodes(relu("nowhere", "b")), '"nowhere"'],
    ["a value defined twice", withNodes(relu("input", "logits")), '"logits"'],
    [
      "an initializer defined twice",
      edited(model, (g) => ({ initializers: [...g.initializers, ...g.initializers] })),
      '"weight"',
    ],
    ["no output", edited(model, () => ({ outputs: [] })), "output"],
    ["sparse initializers", edited(model, () => ({ sparseInitializers: [Uint8Array.of()] })), "sparse"],
    ["a value named target", withNodes(relu("input", "target")), '"target"'],
    ["a value named like a gradient", withNodes(relu("input", "weight.grad")), '"weight.grad"'],
  ])("with %s is refused with ONNX_INVALID_GRAPH", (_, bytes, named) => {
    const error = errorOf(() => buildTrainingGraphs(bytes, SGD));

    expect(error?.code).toBe("ONNX_INVALID_GRAPH");
    expect(error?.message).toContain(named);
  });

  test("with inner dims that differ is refused, naming the node", () => {
    const g = createGraphBuilder({ name: "mismatch" });
    g.input("x", "float32", ["N", 3]);
    g.initializer("w", { elementType: "float32", shape: [4, 2], data: new Float32Array(8) });

    expect(errorOf(() => g.op("Gemm", ["x", "w"]))).toMatchObject({ code: "ONNX_SHAPE_MISMATCH" });
  });

  test("whose nodes are out of order is sorted", () => {
    const shuffled = edited(twoNN({ inputs: 3, hidden: 2, classes: 2 }), (graph) => ({
      nodes: [...graph.nodes].reverse(),
    }));

    expect(operatorsOf(buildTrainingGraphs(shuffled, SGD).infer)).toEqual([
      "Gemm",
      "Relu",
      "Gemm",
      "Relu",
      "Gemm",
      "Transpose",
    ]);
  });
});

describe("options", () => {
  const model = logistic({ inputs: 3, classes: 2 });

  test.each([
    ["loss", { loss: "hinge" as "mean-squared-error" }],
    ["trainable", { ...SGD, trainable: "conv*" }],
    ["trainable", { ...SGD, trainable: [] }],
    ["output", { ...SGD, output: "probabilities" }],
    ["clipNorm", { ...SGD, clipNorm: 0 }],
    ["optimizer.momentum", { ...SGD, optimizer: { kind: "sgd", momentum: 1 } }],
    ["optimizer.nesterov", { ...SGD, optimizer: { kind: "sgd", nesterov: true } }],
    ["optimizer.weightDecay", { ...SGD, optimizer: { kind: "sgd", weightDecay: -1 } }],
  ] as const)("a wrong %s is refused, naming the option", (option, options) => {
    const error = errorOf(() => buildTrainingGraphs(model, options));

    expect(error?.code).toBe("ONNX_OPTION_INVALID");
    expect(error?.message).toContain(`"${option}"`);
  });

  test("a softmax that does not run over the classes is refused", () => {
    const g = createGraphBuilder({ name: "wrong-axis" });
    g.input("x", "float32", ["N", 3]);
    g.initializer("w", { elementType: "float32", shape: [3, 2], data: new Float32Array(6) });
    g.output("y", g.op("Softmax", [g.op("MatMul", ["x", "w"])], { axis: 0 }));

    expect(codeOf(() => buildTrainingGraphs(g.build(), SGD))).toBe("ONNX_INVALID_GRAPH");
  });
});
