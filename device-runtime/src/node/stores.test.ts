import type { Sha256 } from "@fedge/protocol";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { BlobStore, ByteStore } from "../core/ports/storage.js";
import { createMemoryBlobStore, createMemoryByteStore } from "../testing/memory-stores.js";
import { openFileBlobs } from "./file-blobs.js";
import { openLevelStore } from "./level-store.js";

const directory = await mkdtemp(join(tmpdir(), "fedge-stores-"));
afterAll(() => rm(directory, { recursive: true, force: true }));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

const byteStores: readonly [string, () => Promise<{ store: ByteStore; close: () => Promise<void> }>][] = [
  ["memory", async () => ({ store: createMemoryByteStore(), close: async () => undefined })],
  [
    "classic-level",
    async () => {
      const store = await openLevelStore(await mkdtemp(join(directory, "level-")));
      return { store, close: () => store.close() };
    },
  ],
];

describe.each(byteStores)("byte store: %s", (_, open) => {
  test("gives back what was put, and nothing for other keys", async () => {
    const { store, close } = await open();
    await store.put("a/1", bytes(1, 2, 3));

    expect(await store.get("a/1")).toEqual(bytes(1, 2, 3));
    expect(await store.get("a/2")).toBeUndefined();
    await close();
  });

  test("a later value replaces an earlier one, and a deleted one is gone", async () => {
    const { store, close } = await open();
    await store.put("k", bytes(1));
    await store.put("k", bytes(2));
    expect(await store.get("k")).toEqual(bytes(2));

    await store.delete("k");
    await store.delete("k");
    expect(await store.get("k")).toBeUndefined();
    await close();
  });

  test("lists keys by prefix in ascending order", async () => {
    const { store, close } = await open();
    for (const key of ["b/2", "a/1", "b/1", "bb"]) await store.put(key, bytes(0));

    expect(await store.keys("b/")).toEqual(["b/1", "b/2"]);
    await close();
  });

  test("a caller that changes its array afterwards changes nothing kept", async () => {
    const { store, close } = await open();
    const value = bytes(7);
    await store.put("k", value);
    value[0] = 9;

    expect(await store.get("k")).toEqual(bytes(7));
    await close();
  });
});

const blobStores: readonly [string, () => Promise<BlobStore>][] = [
  ["memory", async () => createMemoryBlobStore()],
  ["files", async () => openFileBlobs(await mkdtemp(join(directory, "blobs-")))],
];
const hash = "ab".repeat(32) as Sha256;

describe.each(blobStores)("blob store: %s", (_, open) => {
  test("keeps, lists and deletes blobs by hash", async () => {
    const store = await open();
    expect(await store.has(hash)).toBe(false);
    await store.put(hash, bytes(5, 6));

    expect(Uint8Array.from((await store.get(hash)) ?? [])).toEqual(bytes(5, 6));
    expect(await store.list()).toEqual([hash]);
    await store.delete(hash);
    expect(await store.get(hash)).toBeUndefined();
  });
});

test("what a killed process left half written is not taken for a blob", async () => {
  const folder = await mkdtemp(join(directory, "left-"));
  await writeFile(join(folder, "1234.tmp"), "half");

  const store = await openFileBlobs(folder);

  expect(await store.list()).toEqual([]);
});

test("a second process on the same store is refused by name", async () => {
  const folder = await mkdtemp(join(directory, "lock-"));
  const first = await openLevelStore(folder);

  await expect(openLevelStore(folder)).rejects.toMatchObject({ code: "STATE_DIRECTORY_LOCKED" });
  await first.close();
});
