import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { decodeModel, encodeModel } from "../onnx/model.js";
import { errorOf } from "../testing/error-code.js";
import { emptyTensor, field, int, modelOf, node, value, varint } from "../testing/protobuf-bytes.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import { logistic } from "../zoo/logistic.js";
import { describeModel } from "./describe-model.js";

const GOOD = logistic({ inputs: 3, classes: 2 });
const N: readonly number[] = field(2, "N");
const x = value(11, "x", [N, int(1, 4)]);
const y = value(12, "y", [N, int(1, 4)]);
const relu = node("Relu", ["x"], ["y"]);

/** What importing does with a file before it runs anything. */
function read(bytes: Uint8Array): ReturnType<typeof errorOf> {
  return errorOf(() => {
    describeModel(bytes);
    buildTrainingGraphs(bytes, { loss: "mean-squared-error" });
  });
}

/** Two parameters of which one has the given name. */
function withParameter(name: string): Uint8Array {
  const g = createGraphBuilder({ name: "named" });
  const weight = { elementType: "float32", shape: [4], data: new Float32Array(4) } as const;
  g.output("y", g.op("Mul", [g.input("x", "float32", ["N", 4]), g.initializer(name, weight)]));
  return g.build();
}

/** A node with an attribute `axis` of other fields. */
const concat = (...attribute: readonly (readonly number[])[]): number[] =>
  node(
    "Concat",
    ["x", "x"],
    ["y"],
    attribute.flatMap((fields) => field(5, [...field(1, "axis"), ...fields])),
  );

const zip = (name: string): Uint8Array =>
  Uint8Array.from([0x50, 0x4b, 3, 4, ...Array<number>(22).fill(0), ...new TextEncoder().encode(name)]);
const nested = (depth: number): number[] => {
  let graph: number[] = relu;
  for (let level = 0; level < depth; level += 1) graph = node("If", ["x"], ["y"], field(5, field(6, graph)));
  return graph;
};

test("the smallest file of these tests is a good model but for having nothing to train", () => {
  expect(read(modelOf(x, relu, y))).toMatchObject({ code: "ONNX_OPTION_INVALID" });
  expect(describeModel(modelOf(x, relu, y)).outputs).toMatchObject([{ name: "y", shape: ["N", 4] }]);
});

describe("S19: a file that is no good model is refused with its fault and a remedy", () => {
  test.each<[string, Uint8Array, string, string | RegExp]>([
    ["no bytes", new Uint8Array(0), "ONNX_MALFORMED", "is empty; export"],
    ["half of a file", GOOD.subarray(0, GOOD.length / 2), "ONNX_MALFORMED", "truncated or damaged"],
    ["a gzip file", gzipSync(GOOD), "ONNX_MALFORMED", "gunzip"],
    ["a zip file", zip("model.onnx"), "ONNX_MALFORMED", "zip archive; unpack"],
    ["a PyTorch checkpoint", zip("archive/data.pkl"), "ONNX_MALFORMED", "torch.onnx.export"],
    ["an old PyTorch checkpoint", Uint8Array.of(0x80, 2, 0x8a, 10), "ONNX_MALFORMED", "torch.onnx.export"],
    ["JSON", new TextEncoder().encode('{"format": "layers-model"}'), "ONNX_MALFORMED", "JSON text"],
    [
      "a cycle",
      modelOf(x, node("Add", ["x", "y"], ["z"]), node("Relu", ["z"], ["y"]), y),
      "ONNX_INVALID_GRAPH",
      "cycle",
    ],
    [
      "a value that nothing defines",
      modelOf(x, node("Relu", ["q"], ["y"]), y),
      "ONNX_INVALID_GRAPH",
      "nothing defines",
    ],
    ["a value defined twice", modelOf(x, relu, relu, y), "ONNX_INVALID_GRAPH", 'defines "y" again'],
    ["two inputs of a name", modelOf(x, x, relu, y), "ONNX_INVALID_GRAPH", 'two inputs are named "x"'],
    ["two outputs of a name", modelOf(x, relu, y, y), "ONNX_INVALID_GRAPH", 'two outputs are named "y"'],
    [
      "two initializers of a name",
      modelOf(emptyTensor("w", [0]), emptyTensor("w", [0])),
      "ONNX_INVALID_GRAPH",
      /no output|two initializers/,
    ],
    [
      "external data",
      modelOf(
        x,
        emptyTensor(
          "w",
          [4],
          [...field(13, [...field(1, "location"), ...field(2, "/etc/passwd")]), ...int(14, 1)],
        ),
        relu,
        y,
      ),
      "ONNX_INVALID_GRAPH",
      "another file; save the model",
    ],
    [
      "an operator of another domain",
      modelOf(x, node("Relu", ["x"], ["y"], field(7, "com.microsoft")), y),
      "ONNX_UNSUPPORTED_OPERATOR",
      "standard ONNX operators only",
    ],
    [
      "an attribute of another type",
      modelOf(x, concat([...int(20, 1), 0x15, 0, 0, 0x80, 0x3f]), y),
      "ONNX_INVALID_GRAPH",
      "type FLOAT, not INT",
    ],
    ["an attribute twice", modelOf(x, concat(int(3, 0), int(3, 1)), y), "ONNX_INVALID_GRAPH", '"axis" twice'],
    [
      "a tensor of 2^40 elements",
      modelOf(x, emptyTensor("w", [2 ** 40]), relu, y),
      "ONNX_LIMIT_EXCEEDED",
      "smaller model",
    ],
    [
      "an input of 2^40 elements",
      modelOf(value(11, "x", [int(1, 2 ** 20), int(1, 2 ** 20)]), relu, y),
      "ONNX_LIMIT_EXCEEDED",
      "smaller model",
    ],
    [
      "a tensor without its contents",
      modelOf(x, emptyTensor("w", [2 ** 29]), relu, y),
      "ONNX_MALFORMED",
      "truncated or damaged",
    ],
    [
      "a dim of -1",
      modelOf(value(11, "x", [[8, ...Array<number>(9).fill(0xff), 1]]), relu, y),
      "ONNX_MALFORMED",
      "dim -1",
    ],
    [
      "a tensor of 65 axes",
      modelOf(x, emptyTensor("w", Array<number>(65).fill(1)), relu, y),
      "ONNX_LIMIT_EXCEEDED",
      "65 axes",
    ],
    [
      "text that is not UTF-8",
      modelOf(x, field(1, field(3, [0xff, 0xfe])), y),
      "ONNX_MALFORMED",
      "not UTF-8",
    ],
    [
      "a varint of eleven bytes",
      Uint8Array.from([8, ...Array<number>(10).fill(0xff), 1]),
      "ONNX_MALFORMED",
      "64 bits",
    ],
    [
      "a length of 2^53 - 1",
      Uint8Array.from([0x3a, ...varint(Number.MAX_SAFE_INTEGER)]),
      "ONNX_MALFORMED",
      "announced",
    ],
    ["graphs in graphs, 30 deep", modelOf(x, nested(30), y), "ONNX_LIMIT_EXCEEDED", "nested deeper than 64"],
    [
      "more than 100,000 nodes",
      modelOf(Array<number[]>(100_001).fill([0x0a, 0]).flat()),
      "ONNX_LIMIT_EXCEEDED",
      "more than 100000 nodes",
    ],
    [
      "more than a million messages",
      modelOf(Array<number[]>(1_000_001).fill([0x0a, 0]).flat()),
      "ONNX_LIMIT_EXCEEDED",
      "1000000 messages",
    ],
  ])("%s", (_, bytes, code, sentence) => {
    const error = read(bytes);

    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(sentence);
    // Cause; remedy.
    expect(error?.message).toMatch(/; \S/);
  });

  test.each(["target", "learning_rate", "w.next", "w.grad", "w.anchor", "w.velocity"])(
    "a parameter named %s, which training needs",
    (name) => {
      expect(read(withParameter(name))).toMatchObject({ code: "ONNX_INVALID_GRAPH" });
    },
  );

  test("a subgraph that the loss depends on, by node, operator and parameter", () => {
    const branch = field(6, [...node("Identity", ["w"], ["inner"]), ...value(12, "inner", [N])]);
    const weight = emptyTensor("w", [1], field(9, [0, 0, 0, 0]));
    const inside = node("If", ["c"], ["y"], field(5, [...field(1, "then_branch"), ...branch, ...int(20, 5)]));
    const error = read(modelOf(value(11, "c", []), weight, inside, y));

    expect(error).toMatchObject({ code: "ONNX_UNSUPPORTED_OPERATOR" });
    expect(error?.message).toMatch(/operator If.*w/s);
  });
});

describe("S19: what a file only announces costs nothing", () => {
  test.each<[string, Uint8Array]>([
    ["a tensor of 2^40 elements", modelOf(x, emptyTensor("w", [2 ** 40]), relu, y)],
    ["a tensor of 2^29 elements without contents", modelOf(x, emptyTensor("w", [2 ** 29]), relu, y)],
    ["a run of 2^50 packed numbers", Uint8Array.from([0x3a, 20, 0x2a, 18, 0x22, ...varint(2 ** 50)])],
    ["raw contents of 2^40 bytes", Uint8Array.from([0x3a, 20, 0x2a, 18, 0x4a, ...varint(2 ** 40)])],
  ])("%s in fewer than 100 bytes", (_, bytes) => {
    read(bytes);
    const before = process.memoryUsage();
    const startedAtMs = performance.now();
    const error = read(bytes);
    const tookMs = performance.now() - startedAtMs;
    const after = process.memoryUsage();

    expect(bytes.length).toBeLessThan(100);
    expect(error?.code).toMatch(/^ONNX_(LIMIT_EXCEEDED|MALFORMED)$/);
    expect(tookMs).toBeLessThan(100);
    expect(after.rss - before.rss).toBeLessThan(2 ** 24);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 20);
  });

  test("a hundred thousand nodes are read in order however they are written", () => {
    const g = createGraphBuilder({ name: "long" });
    let last = g.input("x", "float32", ["N"]);
    for (let index = 0; index < 20_000; index += 1) last = g.op("Tanh", [last]);
    g.output("y", last);
    const model = decodeModel(g.build());
    const reversed = encodeModel({
      ...model,
      graph: { ...model.graph, nodes: [...model.graph.nodes].reverse() },
    });

    expect(describeModel(reversed).operators).toMatchObject([{ type: "Tanh", count: 20_000 }]);
  });
});
