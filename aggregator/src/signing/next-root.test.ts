import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initKeys, replaceRootKeys, rotateKey, signRoot } from "./key-ceremony.js";
import { DEFAULT_LIFETIMES } from "./lifetimes.js";
import { SigningDirectory } from "./signing-directory.js";
import { SigningRepository } from "./signing-repository.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2030-01-01T00:00:00Z");

let folder: string;
let nowMs: number;
let stick: string;
let directory: SigningDirectory;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "fedge-next-root-"));
  nowMs = START_MS;
  stick = join(folder, "stick");
  directory = new SigningDirectory(join(folder, "signing"), null);
  await made(directory, stick);
});
afterEach(() => rmSync(folder, { recursive: true }));

const made = (where: SigningDirectory, offlineRootDirectory: string): Promise<void> =>
  initKeys(where, { passphrase: null, offlineRootDirectory, numRootKeys: 1, rootThreshold: 1, nowMs });

const open = (): Promise<SigningRepository> =>
  SigningRepository.open({ directory, lifetimes: DEFAULT_LIFETIMES, nowMs: () => nowMs });

describe("signing the next root", () => {
  test("with the keys of another fleet counts for nothing", async () => {
    const other = join(folder, "other-stick");
    await made(new SigningDirectory(join(folder, "other"), null), other);
    await rotateKey(directory, "timestamp", nowMs);

    expect(await signRoot(directory.nextRootFile, other, null)).toEqual({ numSignatures: 0, threshold: 1 });
    expect(await signRoot(directory.nextRootFile, stick, null)).toEqual({ numSignatures: 1, threshold: 1 });
  });

  test("counts the keys that it trusts, and not those that it replaces", async () => {
    await rotateKey(directory, "root", nowMs);
    await replaceRootKeys(directory.nextRootFile, stick, null);

    expect(await signRoot(directory.nextRootFile, stick, null)).toEqual({ numSignatures: 1, threshold: 1 });
  });
});

describe("a next root that was damaged on its way", () => {
  const damage = (): void => writeFileSync(directory.nextRootFile, '{"signatures":[{"keyid":"47b6');

  test("keeps nothing else from being renewed, and is named", async () => {
    const repository = await open();
    damage();
    nowMs += DAY_MS;

    await expect(repository.renew()).rejects.toMatchObject({
      code: "METADATA_MALFORMED",
      message: expect.stringContaining(directory.nextRootFile) as string,
    });
    expect(repository.published.timestamp.signed.expires).toBe(nowMs + DEFAULT_LIFETIMES.timestampMs);
  });

  test("keeps no server from starting", async () => {
    damage();

    const repository = await open();

    expect(repository.root.version).toBe(1);
    await expect(repository.renew()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });
});
