import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSafetensors } from "./codec/safetensors.js";
import { decodeUpdate } from "./codec/update.js";
import { decodeUploadBlock } from "./codec/upload-frame.js";
import { decodeEnvelope } from "./envelope.js";
import { FedgeError } from "./errors.js";
import { decodeManifest } from "./manifest.js";
import { birth, desired, installReport, presence, serverState } from "./messages/fleet.js";
import { roundUp } from "./messages/round-up.js";
import { roundDown } from "./messages/round.js";
import { parseTopic } from "./topics.js";

/** fast-check prints it with a failure; at most two seconds for each property. */
const SETTINGS = { seed: 20_263, numRuns: 400, interruptAfterTimeLimit: 2000 };

const GOLDEN = new URL("../fixtures/golden/", import.meta.url);
const golden = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(name, GOLDEN)));
const messages = readdirSync(new URL("messages/", GOLDEN)).map((file) => golden(`messages/${file}`));

interface Decoder {
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly goldens: readonly Uint8Array[];
}

const bodies = { presence, birth, desired, installReport, serverState, roundUp, roundDown };
const DECODERS: Readonly<Record<string, Decoder>> = {
  ...Object.fromEntries(
    Object.entries(bodies).map(([name, body]) => [
      `${name} message`,
      { decode: (bytes: Uint8Array) => decodeEnvelope(bytes, body, name), goldens: messages },
    ]),
  ),
  manifest: { decode: decodeManifest, goldens: [golden("manifest.json")] },
  "upload frame": { decode: decodeUploadBlock, goldens: [golden("upload-frame.bin")] },
  safetensors: {
    decode: decodeSafetensors,
    goldens: [golden("checkpoint.safetensors"), golden("foreign.safetensors")],
  },
  "float32 update": {
    decode: (bytes) => decodeUpdate(bytes, "float32", 600),
    goldens: [golden("update.float32.bin")],
  },
  "float16 update": {
    decode: (bytes) => decodeUpdate(bytes, "float16", 600),
    goldens: [golden("update.float16.bin")],
  },
  "int8 update": {
    decode: (bytes) => decodeUpdate(bytes, "int8", 600),
    goldens: [golden("update.int8.bin")],
  },
  topic: {
    decode: (bytes) => parseTopic(new TextDecoder().decode(bytes)),
    goldens: [new TextEncoder().encode("fedge/1/acme/d/dev_1/fl/blk/0")],
  },
};

/** Runs a decoder on hostile bytes: a value or a FedgeError is fine, anything else is the defect looked for. */
function tryDecode(decode: Decoder["decode"], bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FedgeError);
  }
}

interface Mutation {
  readonly writes: readonly (readonly [at: number, value: number])[];
  readonly keep: number;
  readonly suffix: Uint8Array;
}

/** Cut, extended, and up to four bytes overwritten. */
const mutations: fc.Arbitrary<Mutation> = fc.record({
  writes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
  keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  suffix: fc.uint8Array({ maxLength: 8 }),
});

function mutate(bytes: Uint8Array, { writes, keep, suffix }: Mutation): Uint8Array {
  const kept = bytes.subarray(0, Math.ceil(bytes.length * keep));
  const result = new Uint8Array(kept.length + suffix.length);
  result.set(kept);
  result.set(suffix, kept.length);
  // Most writes go near the beginning, where headers are.
  for (const [at, value] of writes) result[at % Math.max(1, Math.min(result.length, 512))] = value;
  return result;
}

const text = (json: string): Uint8Array => new TextEncoder().encode(json);
const ENVELOPE = '"v":1,"id":"m","sentAtMs":1,"session":1,"seq":1';
const DEPTH = 60_000;
const HOSTILE: readonly (readonly [string, Uint8Array])[] = [
  ["deep arrays", text("[".repeat(DEPTH) + "]".repeat(DEPTH))],
  ["deep objects", text('{"a":'.repeat(DEPTH / 4) + "1" + "}".repeat(DEPTH / 4))],
  ["a deep body", text(`{${ENVELOPE},"body":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}`)],
  ["a deep unknown field", text(`{${ENVELOPE},"x":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)},"body":{}}`)],
  ["numbers beyond float64", text(`{"v":1e999,"sentAtMs":-1e999,"body":{"session":1e400}}`)],
  ["a number of many digits", text(`{${ENVELOPE},"ttlMs":${"9".repeat(50_000)},"body":{}}`)],
  ["a prototype", text(`{"__proto__":{${ENVELOPE}},"body":{"__proto__":{"type":"presence"}}}`)],
  ["a constructor", text(`{${ENVELOPE},"body":{"type":"constructor","constructor":{"prototype":{"x":1}}}}`)],
  ["a type that is a prototype key", text(`{${ENVELOPE},"body":{"type":"__proto__"}}`)],
  ["a type that is no text", text(`{${ENVELOPE},"body":{"type":{"toString":1}}}`)],
  ["a lone surrogate", text(`{${ENVELOPE},"body":{"type":"\\ud800"}}`)],
  ["a byte order mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)],
  ["zeros", new Uint8Array(4096)],
  ["nothing", new Uint8Array()],
];

describe.each(Object.entries(DECODERS))("the %s decoder throws nothing but FedgeError", (_, decoder) => {
  test("for random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => tryDecode(decoder.decode, bytes)),
      SETTINGS,
    );
  });

  test("for golden bytes with mutations", () => {
    fc.assert(
      fc.property(fc.constantFrom(...decoder.goldens), mutations, (bytes, mutation) =>
        tryDecode(decoder.decode, mutate(bytes, mutation)),
      ),
      SETTINGS,
    );
  });

  test("for random JSON", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (json) => tryDecode(decoder.decode, text(json))),
      SETTINGS,
    );
  });

  test.each(HOSTILE)("for %s", (_name, bytes) => {
    tryDecode(decoder.decode, bytes);
  });
});

describe("the safetensors header", () => {
  const file = (header: string, dataBytes: number): Uint8Array => {
    const bytes = text(header);
    const whole = new Uint8Array(8 + bytes.length + dataBytes);
    new DataView(whole.buffer).setBigUint64(0, BigInt(bytes.length), true);
    whole.set(bytes, 8);
    return whole;
  };
  const entry = fc.record(
    {
      dtype: fc.constantFrom("F32", "F64", "I64", "BOOL", "BF16", 7),
      shape: fc.array(fc.oneof(fc.nat(8), fc.integer(), fc.double(), fc.constant(null)), { maxLength: 4 }),
      data_offsets: fc.array(fc.oneof(fc.nat(64), fc.integer()), { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  const key = fc.constantFrom("a", "b", "0", "__proto__", "constructor", "__metadata__", "toString", "");

  test("of any near-valid shape gives data that its own shape takes, or FedgeError", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, entry), { maxLength: 4 }), fc.nat(64), (fields, dataBytes) => {
        const header = `{${fields.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(",")}}`;
        tryDecode(
          (bytes) => {
            for (const { shape, data } of decodeSafetensors(bytes).tensors) {
              expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
            }
          },
          file(header, dataBytes),
        );
      }),
      { ...SETTINGS, numRuns: 2000 },
    );
  });

  test("of a megabyte of brackets is refused", () => {
    const header = `{"a":${"[".repeat(500_000)}${"]".repeat(500_000)}}`;

    expect(() => decodeSafetensors(file(header, 0))).toThrow(
      expect.objectContaining({ code: "TENSORS_MALFORMED" }),
    );
  });
});

test("no hostile message reaches the prototype of objects", () => {
  for (const [, bytes] of HOSTILE) {
    for (const { decode } of Object.values(DECODERS)) tryDecode(decode, bytes);
  }

  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});
