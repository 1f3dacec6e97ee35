import type { Sha256 } from "@fedge/protocol";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFileBlobStore } from "./file-blob-store.js";
import { createMemoryBlobStore } from "./memory-blob-store.js";
import { storageError } from "./storage-error.js";
import { describeBlobStore } from "./testing/conformance/blob-store-suite.js";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fedge-blobs-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describeBlobStore("in memory", async () => createMemoryBlobStore());
describeBlobStore("in files", async () =>
  openFileBlobStore({ directory: await mkdtemp(join(root, "suite-")) }),
);

describe("a file blob store", () => {
  const bytes = new TextEncoder().encode("abc");

  async function withBlob() {
    const directory = await mkdtemp(join(root, "one-"));
    const store = await openFileBlobStore({ directory });
    const { sha256 } = await store.put(bytes);
    const path = join(directory, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    return { directory, store, sha256, path };
  }

  test("keeps blobs in two levels of folders, and finds them when opened again", async () => {
    const { directory, sha256, path } = await withBlob();

    const again = await openFileBlobStore({ directory });

    expect(path).toMatch(/\/ba\/78\/ba7816bf/);
    expect(await again.get(sha256)).toEqual(bytes);
  });

  test.each([
    ["changed", (path: string) => writeFile(path, "abd")],
    ["cut short", (path: string) => truncate(path, 2)],
    ["emptied", (path: string) => truncate(path, 0)],
  ])("tells a %s file from the blob, and storing it again heals it", async (_name, damage) => {
    const { store, sha256, path } = await withBlob();
    await damage(path);

    await expect(store.get(sha256)).rejects.toMatchObject({ code: "BLOB_HASH_MISMATCH" });
    await store.put(bytes);

    expect(await store.get(sha256)).toEqual(bytes);
  });

  test("reads nothing of a file that is larger than any blob", async () => {
    const { store, sha256, path } = await withBlob();
    await truncate(path, 64 * 2 ** 30);

    await expect(store.get(sha256)).rejects.toMatchObject({ code: "BLOB_HASH_MISMATCH" });
  });

  test("is closed when nothing is being written any more, and writes nothing afterwards", async () => {
    const directory = await mkdtemp(join(root, "closed-"));
    const store = await openFileBlobStore({ directory });
    let isStored = false;
    void store.put(bytes).then(() => (isStored = true));

    await store.close();

    expect(isStored).toBe(true);
    await expect(store.put(new Uint8Array([1]))).rejects.toMatchObject({ code: "CLOSED" });
    expect(await store.list()).toHaveLength(1);
  });

  test("removes what a killed process left unfinished", async () => {
    const { directory, store } = await withBlob();
    await writeFile(join(directory, "unfinished", "half"), "ab");

    await openFileBlobStore({ directory });

    expect(await readdir(join(directory, "unfinished"))).toEqual([]);
    expect(await store.list()).toHaveLength(1);
  });

  test("leaves nothing unfinished behind when a blob cannot get its name", async () => {
    const { directory, store } = await withBlob();
    // SHA-256 of "hello" begins with 2cf2.
    await writeFile(join(directory, "2c"), "a file where a folder must be");

    const put = store.put(new TextEncoder().encode("hello"));

    await expect(put).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect(await readdir(join(directory, "unfinished"))).toEqual([]);
  });

  test("lists only blobs", async () => {
    const { directory, store, sha256 } = await withBlob();
    await writeFile(join(directory, sha256.slice(0, 2), sha256.slice(2, 4), "README"), "hello");
    await writeFile(join(directory, "README"), "hello");

    expect(await store.list()).toEqual([sha256]);
  });

  test.each(["/proc/fedge", "/proc/version/blobs"])("names an unusable directory: %s", async (directory) => {
    const opening = openFileBlobStore({ directory });

    await expect(opening).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    await expect(opening).rejects.toThrow(new RegExp(`${directory}.*writable`));
  });

  test("fails a put into a directory that was taken away", async () => {
    const { directory, store } = await withBlob();
    await rm(directory, { recursive: true });

    await expect(store.put(new Uint8Array([1, 2]))).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  });
});

describe("a full disk", () => {
  test("is STORAGE_FULL, from the error that the system gives", async () => {
    const error = await writeFile("/dev/full", "x").then(
      () => undefined,
      (cause: unknown) => storageError("cannot store blob x", cause),
    );

    expect(error).toMatchObject({ code: "STORAGE_FULL" });
    expect(error?.message).toMatch(/disk is full.*free some space/);
  });

  const mount = tryMount();
  afterAll(() => mount.unmount());
  const onSmallDisk = mount.directory === null ? test.skip : test;
  onSmallDisk(`fails the put and keeps the blobs before it${mount.reason}`, async () => {
    const directory = join(mount.directory ?? "", "blobs");
    await mkdir(directory);
    const store = await openFileBlobStore({ directory });
    const { sha256 } = await store.put(new Uint8Array(10_000).fill(1));

    const put = store.put(new Uint8Array(1_000_000).fill(2));

    await expect(put).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await store.list()).toEqual([sha256 satisfies Sha256]);
    expect(await store.get(sha256)).toEqual(new Uint8Array(10_000).fill(1));
    expect(await readdir(join(directory, "unfinished"))).toEqual([]);
  });
});

/** A file system of 256 KiB, where this user may mount one. */
function tryMount(): { directory: string | null; reason: string; unmount: () => void } {
  const directory = join(tmpdir(), `fedge-small-disk-${process.pid}`);
  try {
    execFileSync("mkdir", ["-p", directory], { stdio: "ignore" });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "fedge-test", directory], { stdio: "ignore" });
  } catch {
    execFileSync("rmdir", [directory], { stdio: "ignore" });
    return {
      directory: null,
      reason: " (skipped: this user may not mount a small disk)",
      unmount: () => undefined,
    };
  }
  const unmount = (): void => {
    execFileSync("umount", [directory]);
    execFileSync("rmdir", [directory]);
  };
  return { directory, reason: "", unmount };
}
