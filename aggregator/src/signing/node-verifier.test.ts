import { TufClient, type MetadataSource, type TufKey } from "@fedge/protocol";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodeSha256 } from "./key-files.js";
import { nodeVerifier } from "./node-verifier.js";

/** A repository that `protocol/fixtures/make_tuf.py` wrote: Ed25519 root of two keys, ECDSA timestamp, RSA snapshot. */
const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    readFileSync(new URL(`../../../protocol/fixtures/golden/tuf/${name}.json`, import.meta.url)),
  );

const source: MetadataSource = {
  fetch: async ({ role, version }) =>
    role === "root" ? undefined : bytesOf(version === null ? role : `${version}.${role}`),
};
const NOW_MS = Date.parse("2030-01-01T00:00:00Z");

function refresh(): Promise<TufClient> {
  const kept = new Map([["root", bytesOf("1.root")]]);
  const store = {
    get: async (role: string) => kept.get(role),
    put: async (role: string, bytes: Uint8Array) => void kept.set(role, new Uint8Array(bytes)),
  };
  return TufClient.refresh({ source, store, verifier: nodeVerifier, digest: nodeSha256 }, NOW_MS);
}

describe("a repository that Python signed", () => {
  test("is believed, and its target is found", async () => {
    expect(await (await refresh()).find("some/file")).toMatchObject({ file: { length: 23 } });
  });
});

describe("a signature", () => {
  const root = JSON.parse(new TextDecoder().decode(bytesOf("1.root"))) as {
    signed: { keys: Record<string, TufKey> };
  };
  const keys = Object.values(root.signed.keys);

  test.each(keys.map((key) => [key.scheme, key] as const))(
    "of %s that is wrong verifies nothing",
    async (_scheme, key) => {
      expect(await nodeVerifier.verify(key, new Uint8Array(64), new Uint8Array(3))).toBe(false);
    },
  );

  test.each([
    ["no hexadecimal", { keytype: "ed25519", scheme: "ed25519", keyval: { public: "key" } }],
    ["no PEM", { keytype: "ecdsa", scheme: "ecdsa-sha2-nistp256", keyval: { public: "key" } }],
    ["an unknown scheme", { keytype: "ed25519", scheme: "sphincs", keyval: { public: "00" } }],
  ])("of a key with %s verifies nothing", async (_what, key) => {
    expect(await nodeVerifier.verify(key, new Uint8Array(64), new Uint8Array(3))).toBe(false);
  });
});
