import type * as FileSystem from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

/*
 * What a disk may be left with when the power fails. POSIX promises of a file only what was there at its last fsync, and of
 * a name in a folder only what was there at the folder's; all that came later is there or not, in any order.
 */

type Files = typeof FileSystem;

interface Inode {
  bytes: Buffer;
}

type Step =
  | { readonly do: "write"; readonly inode: Inode; readonly bytes: Buffer }
  | { readonly do: "sync"; readonly inode: Inode }
  | { readonly do: "sync-folder"; readonly folder: string }
  /** A name comes or goes: null for one that goes. */
  | { readonly do: "name"; readonly path: string; readonly what: Inode | "folder" | null };

/** A folder as it may be found: paths with bytes, or null for a folder. */
export type Image = ReadonlyMap<string, Buffer | null>;

/** Writes down what is done to the files of one folder, beside doing it. */
export class LosingDisk {
  #root = "";
  #steps: Step[] = [];
  #inodes = new Map<string, Inode>();
  #before: Image = new Map();

  /** Stands for `node:fs/promises`. */
  wrap(files: Files): Files {
    return {
      ...files,
      open: async (path, flags, mode) =>
        this.#opened(await files.open(path, flags, mode), path as string, flags),
      rename: async (from, to) => {
        await files.rename(from, to);
        const inode = this.#inodes.get(from as string);
        if (inode === undefined) return;
        this.#inodes.delete(from as string);
        this.#inodes.set(to as string, inode);
        // Two names in two folders perhaps: each may be on the disk without the other.
        this.#name(to as string, inode);
        this.#name(from as string, null);
      },
      rm: async (path, options) => {
        await files.rm(path, options);
        if (this.#inodes.delete(path as string)) this.#name(path as string, null);
      },
      mkdir: (async (path: string, options: FileSystem.FileHandle & { recursive: true }) => {
        const first = await files.mkdir(path, options);
        if (first !== undefined) for (const made of foldersFrom(first, path)) this.#name(made, "folder");
        return first;
      }) as unknown as Files["mkdir"],
    };
  }

  /** From now on; what is in the folder is on the disk. */
  begin(root: string, before: Image): void {
    this.#root = root;
    this.#steps = [];
    this.#before = before;
    this.#inodes = new Map(
      [...before].flatMap(([path, bytes]) =>
        bytes === null ? [] : [[join(root, path), { bytes }] as const],
      ),
    );
  }

  /** Everything that the folder may be after a cut; `isDone` where the cut came after the last step. */
  *cuts(): Generator<{ readonly image: Image; readonly isDone: boolean }> {
    for (let count = 0; count <= this.#steps.length; count += 1)
      for (const image of this.#images(this.#steps.slice(0, count)))
        yield { image, isDone: count === this.#steps.length };
  }

  #opened(
    handle: FileSystem.FileHandle,
    path: string,
    flags: string | number | undefined,
  ): FileSystem.FileHandle {
    if (this.#root === "" || !path.startsWith(this.#root)) return handle;
    const isNew = typeof flags === "string" && flags.startsWith("w");
    const inode: Inode = { bytes: Buffer.alloc(0) };
    if (isNew) {
      this.#inodes.set(path, inode);
      this.#name(path, inode);
    }
    const { writeFile, sync } = handle;
    return Object.assign(handle, {
      writeFile: async (data: Uint8Array | string) => {
        await writeFile.call(handle, data);
        this.#steps.push({ do: "write", inode, bytes: Buffer.from(data as Uint8Array) });
      },
      sync: async () => {
        await sync.call(handle);
        this.#steps.push(isNew ? { do: "sync", inode } : { do: "sync-folder", folder: path });
      },
    });
  }

  #name(path: string, what: Inode | "folder" | null): void {
    this.#steps.push({ do: "name", path, what });
  }

  *#images(steps: readonly Step[]): Generator<Image> {
    const names = steps.flatMap((step, at) =>
      step.do === "name" ? [{ ...step, isSafe: isSynced(step.path, steps.slice(at)) }] : [],
    );
    const unsafe = names.filter(({ isSafe }) => !isSafe);
    for (let subset = 0; subset < 2 ** unsafe.length; subset += 1) {
      const found = new Map<string, Buffer | Inode | "folder">();
      for (const [path, bytes] of this.#before) found.set(join(this.#root, path), bytes ?? "folder");
      for (const name of names) {
        if (!name.isSafe && (subset >> unsafe.indexOf(name)) % 2 === 0) continue;
        if (name.what === null) found.delete(name.path);
        else found.set(name.path, name.what);
      }
      for (const cut of ["old", "half", "new"] as const) yield this.#imageOf(found, steps, cut);
    }
  }

  #imageOf(found: ReadonlyMap<string, Buffer | Inode | "folder">, steps: readonly Step[], cut: Cut): Image {
    const image = new Map<string, Buffer | null>();
    for (const [path, what] of found) {
      // What is in a folder whose own name was lost is lost with it.
      const parents = foldersFrom(this.#root, dirname(path)).slice(1);
      if (!parents.every((parent) => found.get(parent) === "folder")) continue;
      const bytes = what === "folder" ? null : Buffer.isBuffer(what) ? what : bytesOf(what, steps, cut);
      image.set(relative(this.#root, path), bytes);
    }
    return image;
  }
}

type Cut = "old" | "half" | "new";

function isSynced(path: string, later: readonly Step[]): boolean {
  return later.some((step) => step.do === "sync-folder" && step.folder === dirname(path));
}

/** What a cut leaves of a file's bytes. */
function bytesOf(inode: Inode, steps: readonly Step[], cut: Cut): Buffer {
  let [latest, safe] = [inode.bytes, inode.bytes];
  for (const step of steps) {
    if (step.do === "write" && step.inode === inode) latest = step.bytes;
    if (step.do === "sync" && step.inode === inode) safe = latest;
  }
  if (latest === safe || cut === "old") return safe;
  return cut === "new" ? latest : latest.subarray(0, latest.length >> 1);
}

/** `first` and every folder below it down to `last`. */
function foldersFrom(first: string, last: string): string[] {
  const below = relative(first, last);
  const parts = below === "" ? [] : below.split(sep);
  return parts.reduce((folders, part) => [...folders, join(folders.at(-1) ?? first, part)], [first]);
}
