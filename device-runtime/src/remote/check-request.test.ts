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

  test.each<[string, unknown]>([
    ["of no kind", {}],
    ["of an unknown kind", { kind: "eval", code: "1" }],
    ["with a field too many", { kind: "forget", reason: "none" }],
    ["whose model is no text", { kind: "predict", model: 3, inputs: {} }],
    ["with text for a tensor", { kind: "predict", model: "digits", inputs: { input: "1" } }],
    [
      "with a size below zero",
      { kind: "predict", model: "d", inputs: { x: { shape: [-1], data: new Float32Array(1) } } },
    ],
    [
      "with more than 64 MiB",
      { kind: "predict", model: "d", inputs: { x: new Uint8Array(tooLarge.length) } },
    ],
    ["with an object for a note", { kind: "log", id: "1", fields: { at: {} } }],
    [
      "with 65 notes",
      {
        kind: "log",
        id: "1",
        fields: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`note${at}`, 1])),
      },
    ],
    ["with a name of 257 letters", { kind: "label", id: "x".repeat(257), truth: 1 }],
    ["without a truth", { kind: "label", id: "1" }],
    ["with a consent that is neither yes nor no", { kind: "consent", consent: { training: "yes" } }],
    ["with an unknown consent", { kind: "consent", consent: { everything: true } }],
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
  ])("is refused %s", (_, request) => {
    expect(() => checkRequest(request)).toThrow(expect.objectContaining({ code: "MESSAGE_MALFORMED" }));
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
