import fc from "fast-check";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { decodeTar, encodeTar, type TarFile } from "./tar.js";

const directory = mkdtempSync(join(tmpdir(), "fedge-tar-"));
afterAll(() => rmSync(directory, { recursive: true }));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const LIMITS = { maxFiles: 10 };
const FILES: readonly TarFile[] = [
  { name: "bundle.json", bytes: text("{}") },
  { name: "blobs/00ff", bytes: new Uint8Array(1000).fill(7) },
];

function tar(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync("tar", args, { cwd: directory, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** An archive by GNU tar of one thing that the command makes. */
function foreign(make: string, ...names: string[]): Uint8Array {
  spawnSync("sh", ["-c", make], { cwd: directory });
  tar("--format=ustar", "-P", "-cf", "foreign.tar", ...names);
  return new Uint8Array(readFileSync(join(directory, "foreign.tar")));
}

describe("an archive", () => {
  test("is read back file by file", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 1600 }), { maxLength: 6 }), (contents) => {
        const files = contents.map((bytes, i) => ({ name: `blobs/${i}`, bytes }));
        expect(decodeTar(encodeTar(files), LIMITS)).toEqual(files);
      }),
    );
  });

  test("is one that GNU tar lists and unpacks", () => {
    writeFileSync(join(directory, "ours.tar"), encodeTar(FILES));

    expect(tar("-tf", "ours.tar")).toBe("bundle.json\nblobs/00ff\n");
    tar("-xf", "ours.tar");
    expect(readFileSync(join(directory, "blobs/00ff"))).toEqual(Buffer.alloc(1000, 7));
  });

  test("is refused when any one byte of its headers is another", () => {
    const whole = encodeTar(FILES);
    for (let at = 0; at < 512; at += 1) {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      // Another plain name with its right check sum would be another archive; one bit alone never is.
      expect(() => decodeTar(changed, LIMITS), `byte ${at}`).toThrow();
    }
  });
});

describe("S18: what could lead out of a directory is refused", () => {
  test.each(["../evil", "/etc/passwd", "blobs/../../evil", "a//b", ".hidden", "C:evil", "blobs/", "Blobs/A"])(
    "no archive is written with a file named %s",
    (name) => {
      expect(() => encodeTar([{ name, bytes: text("x") }])).toThrow(/cannot be a file of a bundle/);
    },
  );

  test("a path that climbs, as GNU tar writes it", () => {
    const archive = foreign("mkdir -p inner && echo evil > evil", "inner/../evil");

    expect(() => decodeTar(archive, LIMITS)).toThrow(/a file named "inner\/\.\.\/evil"/);
  });

  test("an absolute path, as GNU tar writes it", () => {
    const archive = foreign("echo evil > evil", join(directory, "evil"));

    expect(() => decodeTar(archive, LIMITS)).toThrow(/a file named/);
  });

  test("a symbolic link, as GNU tar writes it", () => {
    const archive = foreign("ln -sf /etc/passwd link", "link");

    expect(() => decodeTar(archive, LIMITS)).toThrow(/link is no plain file/);
  });

  test("a directory, as GNU tar writes it", () => {
    expect(() => decodeTar(foreign("mkdir -p inner", "inner"), LIMITS)).toThrow(/refused/);
  });

  test("the same file twice", () => {
    const [file] = FILES;
    if (file === undefined) throw new Error("no file");

    expect(() => decodeTar(encodeTar([file, file]), LIMITS)).toThrow(/bundle\.json twice/);
  });
});

describe("S19: sizes are checked before anything is made", () => {
  test("a file that announces more than there is", () => {
    const archive = encodeTar(FILES);
    archive.set(text("77777777777"), 124);

    expect(() => decodeTar(archive, LIMITS)).toThrow(/refused/);
  });

  test("more files than a bundle has", () => {
    const files = Array.from({ length: 11 }, (_none, i) => ({ name: `f${i}`, bytes: text("x") }));

    expect(() => decodeTar(encodeTar(files), LIMITS)).toThrow(/more than 10 files/);
  });

  test.each([1, 511, 512, 513, 1024, 1025, 2048])("an archive that is %d bytes shorter", (numBytes) => {
    const whole = encodeTar(FILES);

    expect(() => decodeTar(whole.subarray(0, whole.length - numBytes), LIMITS)).toThrow(/refused/);
  });

  test.each([1, 512, 10_240])("an archive with %d further bytes", (numBytes) => {
    const whole = encodeTar(FILES);
    const longer = new Uint8Array(whole.length + numBytes);
    longer.set(whole);

    expect(() => decodeTar(longer, LIMITS)).toThrow(/refused/);
  });

  test("bytes hidden in the padding behind a file", () => {
    const whole = encodeTar(FILES);
    whole[512 + 2] = 1;

    expect(() => decodeTar(whole, LIMITS)).toThrow(/bundle\.json is padded/);
  });
});
