import { describe, expect, test } from "vitest";
import { checkHello, checkRequest } from "./check-request.js";

const tooLarge = { length: 64 * 1024 * 1024 + 1 };

describe("a request from elsewhere", () => {
  test.each([
    { kind: "predict", model: "digits", inputs: { input: { shape: [1, 2], data: new Float32Array(2) } } },
    { kind: "predict", model: "digits", inputs: { input: [1, 2], tokens: 3n, more: new BigInt64Array(2) } },
    { kind: "log", id: "1", fields: { action: "accepted", place: 2, isNew: true, note: null } },
    { kind: "label", id: "1", truth: 3 },
    { kind: "query", query: { model: "digits", limit: 5, isLabelled: true } },
    { kind: "erase", selection: { ids: ["1"], fromMs: 0, untilMs: 9 } },
    { kind: "forget" },
    { kind: "consent", consent: { training: true } },
  ])("passes as it is: $kind", (request) => {
    expect(checkRequest(request)).toEqual(request);
  });

  const refusal = (request: unknown): unknown => {
    try {
      return checkRequest(request);
    } catch (error) {
      return (error as { readonly code?: unknown }).code;
    }
  };
  const predict = (inputs: unknown): object => ({ kind: "predict", model: "digits", inputs });

  test.each<[string, unknown]>([
    ["of no kind", {}],
    ["of an unknown kind", { kind: "eval", code: "1" }],
    ["of an unknown kind with a known field", { kind: "eval", fields: 1 }],
    ["with a field too many", { kind: "forget", reason: "none" }],
    ["with a field of another kind", { kind: "forget", truth: 1 }],
    ["whose model is no text", { kind: "predict", model: 3, inputs: {} }],
    ["with a consent that is neither yes nor no", { kind: "consent", consent: { training: "yes" } }],
    ["with an unknown consent", { kind: "consent", consent: { everything: true } }],
  ])("that no app can make is malformed: one %s", (_, request) => {
    expect(refusal(request)).toBe("MESSAGE_MALFORMED");
  });

  test.each<[string, unknown]>([
    ["text for a tensor", predict({ input: "1" })],
    ["a size below zero", predict({ x: { shape: [-1], data: new Float32Array(1) } })],
    ["more than 64 MiB", predict({ x: new Uint8Array(tooLarge.length) })],
  ])("to predict from %s is of an invalid input", (_, request) => {
    expect(refusal(request)).toBe("MODEL_INPUT_INVALID");
  });

  test.each<[string, unknown]>([
    ["no truth", { kind: "label", id: "1" }],
    ["null", { kind: "label", id: "1", truth: null }],
    ["a text", { kind: "label", id: "1", truth: "7" }],
  ])("to label with %s is of an invalid label", (_, request) => {
    expect(refusal(request)).toBe("LABEL_INVALID");
  });

  test.each<[string, unknown]>([
    ["a name of 257 letters", { kind: "label", id: "x".repeat(257), truth: 1 }],
    ["a name that is a number", { kind: "log", id: 7, fields: {} }],
  ])("of a prediction by %s is of an unknown one", (_, request) => {
    expect(refusal(request)).toBe("PREDICTION_UNKNOWN");
  });

  test.each<[string, unknown]>([
    ["to note an object", { kind: "log", id: "1", fields: { at: {} } }],
    ["to note nothing of a name", { kind: "log", id: "1", fields: { x: undefined } }],
    ["to note a list", { kind: "log", id: "1", fields: ["a"] }],
    ["to note a map", { kind: "log", id: "1", fields: new Map([["a", 1]]) }],
    [
      "to note 65 fields",
      {
        kind: "log",
        id: "1",
        fields: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`note${at}`, 1])),
      },
    ],
    ["for a part of a row", { kind: "query", query: { limit: 1.5 } }],
    ["to erase by an unknown field", { kind: "erase", selection: { id: "1" } }],
    ["to erase at most so many", { kind: "erase", selection: { limit: 1 } }],
    ["to erase by a field without a value", { kind: "erase", selection: { ids: undefined } }],
    ["to erase from no time", { kind: "erase", selection: { fromMs: Number.NaN } }],
    ["to erase until no time", { kind: "erase", selection: { untilMs: Infinity } }],
    ["to erase a set", { kind: "erase", selection: new Set(["1"]) }],
    ["to erase a list", { kind: "erase", selection: [] }],
    ["to erase nothing", { kind: "erase", selection: null }],
    ["to erase without a selection", { kind: "erase" }],
    ["to show by a field without a value", { kind: "query", query: { ids: undefined } }],
    ["to show a map", { kind: "query", query: new Map() }],
  ])("is of an invalid option %s", (_, request) => {
    expect(refusal(request)).toBe("OPTION_INVALID");
  });

  test("is refused with the field's name", () => {
    expect(() => checkRequest({ kind: "consent", consent: { training: 1 } })).toThrow(
      /^request\.consent\.training: /,
    );
  });
});

describe("a hello from elsewhere", () => {
  const hello = { server: "https://fedge.example", models: ["digits"], consent: {} };

  test("passes as it is", () => expect(checkHello(hello)).toEqual(hello));

  test("may leave the server to whoever serves it", () => {
    expect(checkHello({ models: ["digits"], consent: {} })).toEqual({ models: ["digits"], consent: {} });
  });

  test.each<[string, object]>([
    ["without a model", { models: [] }],
    ["with a model's name that is a path", { models: ["../digits"] }],
    ["with a server that is no text", { server: 8787 }],
    ["with a long server", { server: `https://${"x".repeat(2048)}` }],
    ["without a consent", { consent: null }],
  ])("is refused %s", (_, changes) => {
    expect(() => checkHello({ ...hello, ...changes })).toThrow(
      expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
    );
  });
});
