import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canonicalDocument, canonicalJson } from "./canonical-json.js";
import type { TufKey } from "./metadata.js";
import { keyIdOf, signMetadata } from "./sign.js";
import { digest } from "./testing/client-rig.js";

/** Written by `protocol/fixtures/make_tuf.py`. */
const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/golden/tuf/${name}.json`, import.meta.url), "utf8"));

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("canonical JSON", () => {
  const vectors = golden("canonical") as readonly { readonly value: unknown; readonly canonical: string }[];

  test.each(vectors)("is what Python writes: $canonical", ({ value, canonical }) => {
    expect(textOf(canonicalJson(value))).toBe(canonical);
  });

  test.each([
    ["a fraction", { a: 0.5 }],
    ["no JSON", { a: 1n }],
    ["33 levels", JSON.parse("[".repeat(34) + "]".repeat(34))],
  ])("refuses %s", (_what, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: "METADATA_MALFORMED" }));
  });
});

test("a document with fractions is written as RFC 8785, appendix B and section 3.2.3, say", () => {
  const value = {
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27],
    "\u20ac": 1,
    "\r": 2,
    "1": 3,
    gone: undefined,
  };

  expect(textOf(canonicalDocument(value))).toBe(
    '{"\\r":2,"1":3,"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"\u20ac":1}',
  );
});

describe("a signature with the key of a seed", () => {
  const vector = golden("ed25519") as {
    readonly signed: object;
    readonly seed: string;
    readonly keyId: string;
    readonly key: TufKey;
    readonly signature: string;
  };

  test("is the one that Python makes", async () => {
    const pkcs8 = Buffer.from(`302e020100300506032b657004220420${vector.seed}`, "hex");
    const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
    const signer = {
      keyId: vector.keyId,
      key: vector.key,
      sign: async (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
    };

    const file = JSON.parse(textOf(await signMetadata(vector.signed, [signer])));

    expect(file.signatures).toEqual([{ keyid: vector.keyId, sig: vector.signature }]);
  });

  test("has the id that Python derives", async () => {
    expect(await keyIdOf(vector.key, digest)).toBe(vector.keyId);
  });
});
