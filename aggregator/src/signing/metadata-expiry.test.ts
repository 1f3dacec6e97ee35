import { TufClient, type MetadataSource, type MetadataStore } from "@fedge/protocol";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ExpiryWarnings } from "./expiry-warnings.js";
import { initKeys, newestRoot, renewRoot, signRoot } from "./key-ceremony.js";
import { nodeSha256 } from "./key-files.js";
import { DAY_MS, DEFAULT_LIFETIMES } from "./lifetimes.js";
import { expiriesOf, type MetadataExpiry } from "./metadata-expiry.js";
import { nodeVerifier } from "./node-verifier.js";
import { SigningDirectory } from "./signing-directory.js";
import { SigningRepository } from "./signing-repository.js";

const START_MS = Date.parse("2030-01-01T00:00:00Z");

let folder: string;
let nowMs: number;
let directory: SigningDirectory;
let kept: Map<string, Uint8Array>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fedge-expiry-"));
  directory = new SigningDirectory(join(folder, "signing"), null);
  nowMs = START_MS;
  kept = new Map();
});
afterEach(() => rmSync(folder, { recursive: true }));

async function opened(offlineRootDirectory: string | null = null): Promise<SigningRepository> {
  await initKeys(directory, {
    ...{ nowMs, passphrase: null, offlineRootDirectory, numRootKeys: 1, rootThreshold: 1 },
  });
  kept.set("root", await newestRoot(directory));
  return SigningRepository.open({ directory, lifetimes: DEFAULT_LIFETIMES, nowMs: () => nowMs });
}

/** What a device does whenever it hears of something new. */
function refresh(): Promise<TufClient> {
  const source: MetadataSource = {
    fetch: ({ role, version }) => directory.readMetadata(version === null ? role : `${version}.${role}`),
  };
  const store: MetadataStore = {
    get: async (role) => kept.get(role),
    put: async (role, bytes) => void kept.set(role, bytes),
  };
  return TufClient.refresh({ source, store, verifier: nodeVerifier, digest: nodeSha256 }, nowMs);
}

const stateOf = (repository: SigningRepository, role: MetadataExpiry["role"]): string | undefined =>
  expiriesOf(repository, DEFAULT_LIFETIMES, nowMs).find((expiry) => expiry.role === role)?.state;

describe("how near metadata are to their end", () => {
  // 365 days, and said 60 days before.
  test.each([
    [0, "fresh"],
    [304, "fresh"],
    [305, "soon"],
    [364, "soon"],
    [365, "expired"],
    [400, "expired"],
  ])("is said of the root after %i days: %s", async (days, state) => {
    const repository = await opened();

    nowMs += days * DAY_MS;

    expect(stateOf(repository, "root")).toBe(state);
  });

  // Renewed after half of a day; a quarter of it is six hours.
  test.each([
    [17, "fresh"],
    [18, "soon"],
    [24, "expired"],
  ])("is said of a timestamp that nobody renewed for %i hours: %s", async (hours, state) => {
    const repository = await opened();

    nowMs += hours * 3_600_000;

    expect(stateOf(repository, "timestamp")).toBe(state);
  });

  test("is known of the root alone before anything is published", async () => {
    const repository = await opened();

    const expiries = expiriesOf({ root: repository.root, published: undefined }, DEFAULT_LIFETIMES, nowMs);

    expect(expiries).toEqual([
      { role: "root", version: 1, expiresAtMs: START_MS + 365 * DAY_MS, state: "fresh" },
    ]);
  });
});

describe("a fleet's root", () => {
  test("that nobody renews ends every update with METADATA_EXPIRED, and the reason names it", async () => {
    const repository = await opened();
    await refresh();

    nowMs += 366 * DAY_MS;
    await repository.renew();

    await expect(refresh()).rejects.toMatchObject({
      code: "METADATA_EXPIRED",
      message: expect.stringContaining("root") as string,
    });
  });

  test("that is renewed in time is never stale, in three years", async () => {
    const repository = await opened();

    for (let days = 0; days < 1080; days += 30) {
      nowMs += 30 * DAY_MS;
      if (stateOf(repository, "root") === "soon") await renewRoot(directory, nowMs);
      await repository.renew();
      await refresh();
    }

    // Looked at every 30 days: on day 330, when 35 are left, and again on days 660 and 990.
    expect(repository.root.version).toBe(4);
    expect(stateOf(repository, "root")).toBe("fresh");
  });

  test("that is renewed late is followed by devices that had refused it", async () => {
    const repository = await opened();
    nowMs += 400 * DAY_MS;
    await repository.renew();
    await expect(refresh()).rejects.toMatchObject({ code: "METADATA_EXPIRED" });

    await renewRoot(directory, nowMs);
    await repository.renew();

    await expect(refresh()).resolves.toBeDefined();
  });

  test("that is offline is renewed where its key is", async () => {
    const offline = join(folder, "stick");
    const repository = await opened(offline);
    nowMs += 350 * DAY_MS;

    expect(await renewRoot(directory, nowMs)).toMatchObject({ version: 2, isSigned: false });
    await repository.renew();
    expect(repository.root.version).toBe(1);
    const carried = join(folder, "carried.json");
    cpSync(directory.nextRootFile, carried);
    expect(await signRoot(carried, offline, null)).toEqual({ numSignatures: 1, threshold: 1 });
    cpSync(carried, directory.nextRootFile);
    await repository.renew();

    expect(repository.root).toMatchObject({ version: 2, expires: nowMs + 365 * DAY_MS });
    await expect(refresh()).resolves.toBeDefined();
  });

  test("keeps its keys when it is renewed", async () => {
    const repository = await opened();
    const { keys, roles } = repository.root;

    await renewRoot(directory, nowMs);
    await repository.renew();

    expect([repository.root.keys, repository.root.roles]).toEqual([keys, roles]);
  });

  test("is not renewed while another next root waits", async () => {
    await opened(join(folder, "stick"));
    await renewRoot(directory, nowMs);

    await expect(renewRoot(directory, nowMs)).rejects.toMatchObject({ code: "KEYS_EXIST" });
  });
});

describe("the log", () => {
  const expiring = (state: MetadataExpiry["state"], version = 1): readonly MetadataExpiry[] => [
    { role: "root", version, expiresAtMs: START_MS, state },
  ];

  test("is warned once a day of what is near its end, at once when it has come, and not of what was renewed", () => {
    const said: [number, string][] = [];
    let atMs = 0;
    const warnings = new ExpiryWarnings({ warn: (_fields, text = "") => said.push([atMs, text]) });
    const look = (afterMs: number, expiries: readonly MetadataExpiry[]): void => {
      atMs = afterMs;
      warnings.look(expiries, atMs);
    };

    look(0, expiring("fresh"));
    look(1000, expiring("soon"));
    look(61_000, expiring("soon"));
    look(1000 + DAY_MS, expiring("soon"));
    look(2000 + DAY_MS, expiring("expired"));
    look(3000 + DAY_MS, expiring("fresh", 2));

    expect(said).toEqual([
      [1000, expect.stringContaining("fedge keys renew-root")],
      [1000 + DAY_MS, expect.stringContaining("expire soon")],
      [2000 + DAY_MS, expect.stringContaining("have expired")],
    ]);
  });
});
