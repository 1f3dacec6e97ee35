import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Sha256 } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fileAuditAnchor } from "../../aggregator/src/audit/file-audit-anchor.js";
import { openFileBlobStore } from "../../aggregator/src/blobs/file-blob-store.js";
import { writeFileAtomically } from "../../aggregator/src/state-directory/whole-file.js";
import { openFileBlobs } from "../../device-runtime/src/node/file-blobs.js";
import { openDeviceKey } from "../../device-runtime/src/node/key-file.js";
import type { LosingDisk } from "./losing-disk.js";
import { type Image } from "./losing-disk.js";

const disk = vi.hoisted(() => ({ losing: null as unknown }));
vi.mock("node:fs/promises", async (original) => {
  const { LosingDisk: Losing } = await import("./losing-disk.js");
  const losing = new Losing();
  disk.losing = losing;
  return losing.wrap(await original());
});

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-power-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function imageOf(folder: string): Promise<Image> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const image = new Map<string, Buffer | null>();
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    image.set(path.slice(folder.length + 1), entry.isDirectory() ? null : await readFile(path));
  }
  return image;
}

async function lay(image: Image): Promise<string> {
  const folder = await mkdtemp(join(directory, "after-"));
  for (const [path, bytes] of [...image].sort(([one], [other]) => one.length - other.length)) {
    await mkdir(join(folder, bytes === null ? path : dirname(path)), { recursive: true });
    if (bytes !== null) await writeFile(join(folder, path), bytes);
  }
  return folder;
}

interface Kept {
  /** Puts the old value there, if there is one. */
  readonly before?: (folder: string) => Promise<unknown>;
  readonly write: (folder: string) => Promise<unknown>;
  /** As after a restart. */
  readonly read: (folder: string) => Promise<string | undefined>;
}

/** What may be read after the power failed: at any moment of the write, and after it. */
async function readAfterCuts({
  before,
  write,
  read,
}: Kept): Promise<{ during: Set<unknown>; after: Set<unknown> }> {
  const folder = await mkdtemp(join(directory, "live-"));
  await before?.(folder);
  const losing = disk.losing as LosingDisk;
  losing.begin(folder, await imageOf(folder));
  await write(folder);
  const [during, after] = [new Set<unknown>(), new Set<unknown>()];
  const cuts = [...losing.cuts()];
  losing.begin("", new Map());
  for (const { image, isDone } of cuts) (isDone ? after : during).add(await read(await lay(image)));
  return { during, after };
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();
const shaOf = (bytes: string): Sha256 => createHash("sha256").update(bytes).digest("hex") as Sha256;
const optional = (path: string): Promise<string | undefined> => readFile(path, "utf8").catch(() => undefined);

describe("when the power fails while a file is written", () => {
  test("a server's key, signed metadata, and whatever else is one whole file is the old one or the new one", async () => {
    const path = (folder: string): string => join(folder, "root.json");
    const { during, after } = await readAfterCuts({
      before: (folder) => writeFileAtomically(path(folder), "the old one"),
      write: (folder) => writeFileAtomically(path(folder), "the new one"),
      read: (folder) => optional(path(folder)),
    });

    expect(during).toEqual(new Set(["the old one", "the new one"]));
    expect(after).toEqual(new Set(["the new one"]));
  });

  test("the end of the audit log that is kept outside of the database is the old one or the new one", async () => {
    const anchor = (folder: string) => fileAuditAnchor(join(folder, "audit-head"));
    const head = (seq: number) => ({ seq, hash: String(seq).repeat(64) });
    const { during, after } = await readAfterCuts({
      before: (folder) => anchor(folder).write(head(1)),
      write: (folder) => anchor(folder).write(head(2)),
      read: async (folder) => String((await anchor(folder).read())?.seq),
    });

    expect(during).toEqual(new Set(["1", "2"]));
    expect(after).toEqual(new Set(["2"]));
  });

  test("a server's blob is whole or absent, and there once it was stored", async () => {
    const bytes = Buffer.from("a checkpoint");
    const { during, after } = await readAfterCuts({
      before: (folder) => openFileBlobStore({ directory: folder }),
      write: async (folder) => (await openFileBlobStore({ directory: folder })).put(bytes),
      read: async (folder) => {
        const blobs = await openFileBlobStore({ directory: folder });
        return (await blobs.has(shaOf("a checkpoint")))
          ? text(await blobs.get(shaOf("a checkpoint")))
          : undefined;
      },
    });

    expect(during).toEqual(new Set([undefined, "a checkpoint"]));
    expect(after).toEqual(new Set(["a checkpoint"]));
  });

  test("a device's blob is whole or absent, and there once it was stored", async () => {
    const sha256 = shaOf("a checkpoint");
    const { during, after } = await readAfterCuts({
      write: async (folder) => (await openFileBlobs(folder)).put(sha256, Buffer.from("a checkpoint")),
      read: async (folder) => text(await (await openFileBlobs(folder)).get(sha256)),
    });

    expect(during).toEqual(new Set([undefined, "a checkpoint"]));
    expect(after).toEqual(new Set(["a checkpoint"]));
  });

  test("a device's key is whole or absent, and the same from then on once it was used", async () => {
    let mine = "";
    const { during, after } = await readAfterCuts({
      write: async (folder) => (mine = (await openDeviceKey(folder)).deviceId),
      // A device without a key makes another one, and is another device.
      read: async (folder) => ((await openDeviceKey(folder)).deviceId === mine ? "mine" : "another"),
    });

    expect(during).toEqual(new Set(["another", "mine"]));
    expect(after).toEqual(new Set(["mine"]));
  });
});
