import type { Sha256 } from "@fedge/protocol";
import { MAX_BLOB_BYTES } from "@fedge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import type { BlobStore } from "../../port.js";

/** SHA-256 of the three bytes `abc`: FIPS 180-4, appendix B.1. */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" as Sha256;
const abc = (): Uint8Array => new TextEncoder().encode("abc");

/** What every blob store does; `open` gives an empty one. */
export function describeBlobStore(name: string, open: () => Promise<BlobStore>): void {
  describe(`blob store ${name}`, () => {
    let store: BlobStore;
    beforeEach(async () => {
      store = await open();
    });

    test("names bytes by their SHA-256 and gives them back", async () => {
      expect(await store.put(abc())).toEqual({ sha256: ABC, sizeBytes: 3 });
      expect(await store.get(ABC)).toEqual(abc());
    });

    test("has and lists what was put and not deleted", async () => {
      const { sha256: other } = await store.put(new Uint8Array([1]));
      await store.put(abc());
      await store.delete(other);

      expect(await store.has(ABC)).toBe(true);
      expect(await store.has(other)).toBe(false);
      expect(await store.list()).toEqual([ABC]);
    });

    test("stores the same bytes once, also when they come at one time", async () => {
      await Promise.all(Array.from({ length: 20 }, () => store.put(abc())));

      expect(await store.list()).toEqual([ABC]);
      expect(await store.get(ABC)).toEqual(abc());
    });

    test("keeps its bytes when the caller changes what it put or got", async () => {
      const put = abc();
      await store.put(put);
      put.fill(0);
      (await store.get(ABC)).fill(0);

      expect(await store.get(ABC)).toEqual(abc());
    });

    test("takes part of a larger buffer for what it is", async () => {
      await store.put(new TextEncoder().encode("xxabcxx").subarray(2, 5));

      expect(await store.get(ABC)).toEqual(abc());
    });

    test("refuses an absent blob by code, and deleting one is nothing", async () => {
      await expect(store.get(ABC)).rejects.toMatchObject({ code: "BLOB_INCOMPLETE" });
      await store.delete(ABC);
    });

    test("refuses what is too large for a device, and no bytes at all", async () => {
      const tooLarge = new Uint8Array(MAX_BLOB_BYTES + 1);

      await expect(store.put(tooLarge)).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
      await expect(store.put(new Uint8Array(0))).rejects.toMatchObject({ code: "OPTION_INVALID" });
      expect(await store.list()).toEqual([]);
    });
  });
}
