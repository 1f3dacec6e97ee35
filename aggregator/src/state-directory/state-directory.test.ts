import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nodeSecureRandom } from "../identity/secure-random.js";
import { isOwnerAlive, ownerOfThisProcess } from "./lock-owner.js";
import { openStateDirectory, type StateDirectory } from "./state-directory.js";

let root: string;
let directory: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fedge-state-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  directory = join(await mkdtemp(join(root, "test-")), "nested", "state");
});

const open = (place = directory): Promise<StateDirectory> =>
  openStateDirectory({ directory: place, random: nodeSecureRandom });

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

/** A process that takes the directory and then waits; killed by the test. */
async function holdInOtherProcess() {
  const module = new URL("../../dist/state-directory/state-directory.js", import.meta.url);
  const program = `
    const { openStateDirectory } = await import(${JSON.stringify(module)});
    const { randomFillSync } = await import("node:crypto");
    const random = { bytes: (length) => randomFillSync(new Uint8Array(length)) };
    await openStateDirectory({ directory: process.argv[1], random });
    process.stdout.write("held");
    setInterval(() => undefined, 1000);
  `;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  return holder;
}

describe("a state directory", () => {
  test("is made with everything in it, for its owner only", async () => {
    const state = await open();

    expect(state.tokenSecret).toHaveLength(32);
    expect(Buffer.from(state.adminToken, "base64url")).toHaveLength(32);
    expect(state.paths.database).toBe(join(directory, "database"));
    expect((await readFile(state.paths.adminTokenFile, "utf8")).trim()).toBe(state.adminToken);
    expect(await modeOf(directory)).toBe(0o700);
    expect(await modeOf(state.paths.adminTokenFile)).toBe(0o600);
    expect(await modeOf(join(directory, "token-secret"))).toBe(0o600);
    expect((await readdir(directory)).sort()).toEqual([
      "admin-token",
      "blobs",
      "folds",
      "lock",
      "token-secret",
    ]);
    state.close();
  });

  test("keeps its secrets, and closes them to others again", async () => {
    const first = await open();
    first.close();
    await chmod(first.paths.adminTokenFile, 0o644);

    const second = await open();

    expect(second.adminToken).toBe(first.adminToken);
    expect(second.tokenSecret).toEqual(first.tokenSecret);
    expect(await modeOf(second.paths.adminTokenFile)).toBe(0o600);
    second.close();
  });

  test("whose secret is damaged says which file and what to do", async () => {
    const state = await open();
    state.close();
    await writeFile(join(directory, "token-secret"), "short");

    await expect(open()).rejects.toMatchObject({ code: "STATE_DIRECTORY_UNUSABLE" });
    await expect(open()).rejects.toThrow(/token-secret.*(backup|delete)/);
  });

  test.each([
    [
      "a file in its place",
      async () => {
        await mkdir(join(directory, ".."), { recursive: true });
        await writeFile(directory, "x");
        return directory;
      },
    ],
    ["a file system that takes no folders", async () => "/proc/fedge"],
    ["a file in its path", async () => "/proc/version/state"],
    [
      "a file where a folder of it must be",
      async () => {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, "folds"), "x");
        return directory;
      },
    ],
  ])("with %s is unusable, by name and with what to do", async (_name, prepare) => {
    const place = await prepare();

    const opening = open(place);

    await expect(opening).rejects.toMatchObject({ code: "STATE_DIRECTORY_UNUSABLE" });
    await expect(opening).rejects.toThrow(new RegExp(`${place}.*--state`, "s"));
  });

  test("that could not be opened is not left locked", async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "folds"), "x");
    await expect(open()).rejects.toMatchObject({ code: "STATE_DIRECTORY_UNUSABLE" });

    await rm(join(directory, "folds"));

    (await open()).close();
  });
});

describe("the lock", () => {
  test("refuses a second opening in this process until the first is closed", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: "STATE_DIRECTORY_LOCKED",
      details: { pid: process.pid },
    });
    first.close();
    first.close();

    (await open()).close();
  });

  test("of a running process is respected, of a killed one taken over", async () => {
    const holder = await holdInOtherProcess();
    await expect(open()).rejects.toMatchObject({
      code: "STATE_DIRECTORY_LOCKED",
      details: { pid: holder.pid },
    });
    await expect(open()).rejects.toThrow(/--state/);

    const gone = once(holder, "exit");
    holder.kill("SIGKILL");
    await gone;

    const state = await open();
    expect((await readdir(directory)).filter((name) => name.startsWith("lock"))).toEqual(["lock"]);
    state.close();
  });

  test("of a dead process whose id another one has now is taken over", async () => {
    await mkdir(directory, { recursive: true });
    const owner = ownerOfThisProcess();
    await writeFile(join(directory, "lock"), JSON.stringify({ ...owner, startTicks: owner.startTicks - 1 }));

    (await open()).close();
  });

  test("of before the machine started again is taken over", async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(
      join(directory, "lock"),
      JSON.stringify({ ...ownerOfThisProcess(), bootId: "another boot" }),
    );

    (await open()).close();
  });

  test.each(["", "{", '{"pid":"x"}', "null"])(
    "that holds %j names no process and is taken over",
    async (text) => {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "lock"), text);

      (await open()).close();
    },
  );

  test("goes to one of many that find a stale one at the same time", async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(
      join(directory, "lock"),
      JSON.stringify({ ...ownerOfThisProcess(), bootId: "another boot" }),
    );

    const results = await Promise.allSettled(Array.from({ length: 8 }, () => open()));

    const winners = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(winners).toHaveLength(1);
    winners[0]?.close();
  });

  test("knows this process to be alive, and an impossible one not", () => {
    expect(isOwnerAlive(ownerOfThisProcess())).toBe(true);
    expect(isOwnerAlive({ ...ownerOfThisProcess(), pid: 2 ** 30 })).toBe(false);
  });
});
