import { describe, expect, test } from "vitest";
import type { ByteStore } from "../../core/ports/storage.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What the core relies on in a store of small values, whatever keeps them. `open` gives an empty one. */
export function describeByteStore(
  name: string,
  open: () => Promise<{ readonly store: ByteStore; readonly close: () => Promise<void> }>,
): void {
  describe(`byte store: ${name}`, () => {
    const inStore = (title: string, body: (store: ByteStore) => Promise<void>): void =>
      test(title, async () => {
        const { store, close } = await open();
        try {
          await body(store);
        } finally {
          await close();
        }
      });

    inStore("gives back what was put, and nothing for other keys", async (store) => {
      await store.put("a/1", bytes(1, 2, 3));

      expect(await store.get("a/1")).toEqual(bytes(1, 2, 3));
      expect(await store.get("a/2")).toBeUndefined();
    });

    inStore("a later value replaces an earlier one", async (store) => {
      await store.put("k", bytes(1));
      await store.put("k", bytes(2));

      expect(await store.get("k")).toEqual(bytes(2));
    });

    inStore("a deleted value is gone, and deleting it again is no error", async (store) => {
      await store.put("k", bytes(1));
      await store.delete("k");
      await store.delete("k");

      expect(await store.get("k")).toBeUndefined();
    });

    inStore("an empty value is a value", async (store) => {
      await store.put("k", bytes());

      expect(await store.get("k")).toEqual(bytes());
    });

    inStore("lists keys by prefix in ascending order", async (store) => {
      for (const key of ["b/2", "a/1", "b/1", "bb", "b/10"]) await store.put(key, bytes(0));

      expect(await store.keys("b/")).toEqual(["b/1", "b/10", "b/2"]);
    });

    inStore("a caller that changes its array afterwards changes nothing kept", async (store) => {
      const value = bytes(7);
      await store.put("k", value);
      value[0] = 9;

      expect(await store.get("k")).toEqual(bytes(7));
    });

    inStore("a caller that changes what it got changes nothing kept", async (store) => {
      await store.put("k", bytes(7));
      (await store.get("k"))?.fill(9);

      expect(await store.get("k")).toEqual(bytes(7));
    });

    inStore("writes and deletes several values at once", async (store) => {
      await store.put("a", bytes(1));
      await store.put("b", bytes(2));
      await store.write([
        ["a", null],
        ["b", bytes(3)],
        ["c", bytes(4)],
        ["never there", null],
      ]);

      expect(await store.keys("")).toEqual(["b", "c"]);
      expect([await store.get("b"), await store.get("c")]).toEqual([bytes(3), bytes(4)]);
    });

    inStore("keeps values beside each other that are put at the same time", async (store) => {
      const keys = Array.from({ length: 50 }, (_, at) => `k/${String(at).padStart(2, "0")}`);
      await Promise.all(keys.map((key, at) => store.put(key, bytes(at))));

      expect(await store.keys("k/")).toEqual(keys);
      expect(await store.get("k/49")).toEqual(bytes(49));
    });
  });
}
