import type { Sha256 } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { BlobStore } from "../../core/ports/storage.js";

const [first, second] = ["ab", "cd"].map((pair) => pair.repeat(32)) as [Sha256, Sha256];

/** What the core relies on in a store of blobs. `open` gives an empty one. */
export function describeBlobStore(name: string, open: () => Promise<BlobStore>): void {
  describe(`blob store: ${name}`, () => {
    test("gives back the bytes of a hash", async () => {
      const store = await open();
      await store.put(first, Uint8Array.of(5, 6));

      expect(Uint8Array.from((await store.get(first)) ?? [])).toEqual(Uint8Array.of(5, 6));
      expect(await store.has(first)).toBe(true);
    });

    test("has nothing of a hash that was never put", async () => {
      const store = await open();

      expect(await store.get(first)).toBeUndefined();
      expect(await store.has(first)).toBe(false);
    });

    test("putting the same blob again changes nothing", async () => {
      const store = await open();
      await store.put(first, Uint8Array.of(5));
      await store.put(first, Uint8Array.of(5));

      expect(await store.list()).toEqual([first]);
    });

    test("the same blob put twice at once is there once", async () => {
      const store = await open();
      await Promise.all([store.put(first, Uint8Array.of(5)), store.put(first, Uint8Array.of(5))]);

      expect(await store.list()).toEqual([first]);
    });

    test("a deleted blob is gone and the others stay", async () => {
      const store = await open();
      await store.put(first, Uint8Array.of(1));
      await store.put(second, Uint8Array.of(2));
      await store.delete(first);
      await store.delete(first);

      expect(await store.list()).toEqual([second]);
    });
  });
}
