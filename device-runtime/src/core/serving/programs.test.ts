import type { ModelManifest } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { programToEvaluate, programToServe, programToTrain } from "./programs.js";

const blob = (digit: string) => ({ sha256: digit.repeat(64), sizeBytes: 1 });
const [infer, train, layers] = [blob("1"), blob("2"), blob("3")];

function manifestOf(fields: object): ModelManifest {
  return { model: "digits", graphs: { infer, train, layers }, layersTraining: true, ...fields } as never;
}

describe("the program of a version", () => {
  test.each(["onnx", "layers"] as const)("is the one that an engine for %s runs", (form) => {
    const programs = [programToServe(manifestOf({}), form), programToTrain(manifestOf({}), form)];

    expect(programs).toEqual(form === "onnx" ? [infer, train] : [layers, layers]);
  });

  test("is missing for a layers engine where the model was imported from ONNX", () => {
    const manifest = manifestOf({ graphs: { infer, train } });

    for (const find of [programToServe, programToTrain]) {
      expect(() => find(manifest, "layers")).toThrow(
        expect.objectContaining({ code: "MODEL_INCOMPATIBLE", message: expect.stringContaining("digits") }),
      );
    }
  });

  test("is only served by a layers engine that would train it another way", () => {
    const manifest = manifestOf({ layersTraining: undefined });

    expect(programToServe(manifest, "layers")).toBe(layers);
    expect(() => programToTrain(manifest, "layers")).toThrow(
      expect.objectContaining({ code: "MODEL_INCOMPATIBLE" }),
    );
  });

  test("is missing where the version was imported without training", () => {
    expect(() => programToTrain(manifestOf({ graphs: { infer } }), "onnx")).toThrow(
      expect.objectContaining({ code: "MODEL_INCOMPATIBLE" }),
    );
  });

  test("measures as the eval graph does, or by the topology where the engine knows the loss", () => {
    const evaluated = blob("4");
    const manifest = manifestOf({ graphs: { infer, train, layers, eval: evaluated } });

    expect([programToEvaluate(manifest, "onnx"), programToEvaluate(manifest, "layers")]).toEqual([
      evaluated,
      layers,
    ]);
  });

  test.each([
    ["no eval graph", "onnx", {}],
    [
      "a loss that tfjs does not have",
      "layers",
      { graphs: { layers, eval: infer }, layersTraining: undefined },
    ],
    ["no topology", "layers", { graphs: { infer, eval: infer } }],
  ] as const)("does not measure a version with %s", (_, form, fields) => {
    expect(() => programToEvaluate(manifestOf(fields), form)).toThrow(
      expect.objectContaining({ code: "MODEL_INCOMPATIBLE" }),
    );
  });
});
