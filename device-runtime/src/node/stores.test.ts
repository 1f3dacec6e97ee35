import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeBlobStore } from "../testing/conformance/blob-store.conformance.js";
import { describeByteStore } from "../testing/conformance/byte-store.conformance.js";
import { createMemoryBlobStore, createMemoryByteStore } from "../memory/memory-stores.js";
import { openFileBlobs } from "./file-blobs.js";
import { openLevelStore } from "./level-store.js";

const directory = await mkdtemp(join(tmpdir(), "fedge-stores-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

describeByteStore("memory", async () => ({
  store: createMemoryByteStore(),
  close: async () => undefined,
}));
describeByteStore("classic-level", async () => {
  const store = await openLevelStore(await mkdtemp(join(directory, "level-")));
  return { store, close: () => store.close() };
});
describeBlobStore("memory", async () => createMemoryBlobStore());
describeBlobStore("files", async () => openFileBlobs(await mkdtemp(join(directory, "blobs-"))));

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
