import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { charLstm } from "../zoo/char-lstm.js";
import { cnn } from "../zoo/cnn.js";
import { logistic } from "../zoo/logistic.js";
import { gru } from "../zoo/next-word.js";
import { transformer } from "../zoo/transformer.js";
import { twoNN } from "../zoo/two-nn.js";
import { buildTrainingGraphs } from "./build-training-graphs.js";
import type { TrainingOptions } from "./options.js";

const PYTHON = "/usr/bin/python3";
const hasOnnx = spawnSync(PYTHON, ["-c", "import onnx"]).status === 0;

/** Reads base64 models, one per line; prints what the checker says of each and which domains its nodes have. */
const CHECK = `
import base64, sys, onnx
for line in sys.stdin:
    model = onnx.load_from_string(base64.b64decode(line))
    onnx.checker.check_model(model, full_check=True)
    print("ok", sorted({node.domain for node in model.graph.node}))
`;

function check(models: readonly Uint8Array[]): readonly string[] {
  const input = models.map((bytes) => Buffer.from(bytes).toString("base64")).join("\n");
  const { stdout, stderr } = spawnSync(PYTHON, ["-c", CHECK], { input, encoding: "utf8" });
  return [...stdout.trim().split("\n"), ...(stderr === "" ? [] : [stderr])];
}

function exported(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../fixtures/${name}.onnx`, import.meta.url)));
}

/** Two symbols that only the run can tell to be equal or 1. */
function undecidedBroadcast(): Uint8Array {
  const g = createGraphBuilder({ name: "undecided", opset: 13 });
  g.input("x", "float32", ["N", 3]);
  g.input("y", "float32", ["M", 3]);
  g.initializer("w", { elementType: "float32", shape: [3], data: new Float32Array(3) });
  g.output("z", g.op("Add", [g.op("Mul", ["x", "w"]), "y"]));
  return g.build();
}

const CASES: readonly (readonly [string, Uint8Array, TrainingOptions])[] = [
  ["logistic regression", logistic({ inputs: 3, classes: 2 }), { loss: "softmax-cross-entropy" }],
  [
    "2NN with every option",
    twoNN({ inputs: 5, hidden: 4, classes: 3 }),
    {
      loss: { kind: "softmax-cross-entropy", target: "one-hot" },
      optimizer: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.1 },
      clipNorm: 1,
      outputGradients: true,
      proximal: true,
    },
  ],
  ["an exported regression", exported("mlp-clipped"), { loss: "mean-squared-error" }],
  ["an exported model with shape arithmetic", exported("branches-binary"), { loss: "binary-cross-entropy" }],
  ["an exported opset 12 model", exported("softmax-output"), { loss: "softmax-cross-entropy" }],
  ["a CNN", cnn({ side: 8, filters: [2, 3], hidden: 4 }), { loss: "softmax-cross-entropy", clipNorm: 1 }],
  [
    "a GRU",
    gru({ vocabulary: 5, steps: 3, hidden: 4 }),
    { loss: "softmax-cross-entropy", optimizer: { kind: "adam" } },
  ],
  [
    "an LSTM over a Scan",
    charLstm({ vocabulary: 5, steps: 20, hidden: 4 }),
    {
      loss: { kind: "softmax-cross-entropy", weights: [1, 2, 3, 4, 5], ignoreIndex: 0 },
      optimizer: { kind: "adamw" },
    },
  ],
  [
    "a transformer",
    transformer({ vocabulary: 5, steps: 3, width: 4, heads: 2 }),
    { loss: "softmax-cross-entropy" },
  ],
  [
    "an exported residual block in training mode",
    exported("catalogue/residual"),
    { loss: "softmax-cross-entropy" },
  ],
  [
    "an exported bidirectional LSTM",
    exported("catalogue/lstm-two-ways"),
    { loss: { kind: "huber", delta: 2 } },
  ],
  ["an exported model of opset 13", exported("catalogue/batch-norm-1d"), { loss: "mean-absolute-error" }],
  ["a broadcast decided at run time", undecidedBroadcast(), { loss: "mean-squared-error" }],
];

const reason = hasOnnx ? "" : ` (skipped: ${PYTHON} has no package onnx; install python3-onnx)`;

describe.skipIf(!hasOnnx)(`onnx.checker with full_check${reason}`, () => {
  test.each(CASES)("accepts the graphs of %s, all of the standard domain", (_, model, options) => {
    const graphs = buildTrainingGraphs(model, options);

    expect(check([model, graphs.infer, graphs.train, graphs.eval])).toEqual(Array(4).fill("ok ['']"));
  });
});
