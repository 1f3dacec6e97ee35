import {
  FedgeError,
  TufClient,
  desiredBytes,
  requireSignatures,
  type Desired,
  type MetadataSource,
  type MetadataStore,
  type TargetFile,
} from "@fedge/protocol";
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initKeys, replaceRootKeys, rotateKey, signRoot, newestRoot } from "./key-ceremony.js";
import { nodeSha256 } from "./key-files.js";
import { DEFAULT_LIFETIMES } from "./lifetimes.js";
import { nodeVerifier } from "./node-verifier.js";
import { SigningDirectory } from "./signing-directory.js";
import { SigningRepository } from "./signing-repository.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2030-01-01T00:00:00Z");
const KEYS = { passphrase: null, offlineRootDirectory: null, numRootKeys: 1, rootThreshold: 1 };

const target = (digit: string): TargetFile => ({ length: 10, hashes: { sha256: digit.repeat(64) } });

let folder: string;
let nowMs: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fedge-signing-"));
  nowMs = START_MS;
});
afterEach(() => rmSync(folder, { recursive: true }));

const directoryOf = (passphrase: string | null = null): SigningDirectory =>
  new SigningDirectory(join(folder, "signing"), passphrase);

const open = (directory = directoryOf()): Promise<SigningRepository> =>
  SigningRepository.open({ directory, lifetimes: DEFAULT_LIFETIMES, nowMs: () => nowMs });

async function opened(options: Partial<typeof KEYS> = {}): Promise<SigningRepository> {
  await initKeys(directoryOf(), { ...KEYS, ...options, nowMs });
  return open();
}

/** A client of the files as HTTP serves them. */
class FileClient {
  readonly kept = new Map<string, Uint8Array>();

  static async begin(): Promise<FileClient> {
    const client = new FileClient();
    client.kept.set("root", await newestRoot(directoryOf()));
    return client;
  }

  refresh(): Promise<TufClient> {
    const directory = directoryOf();
    const source: MetadataSource = {
      fetch: ({ role, version }) => directory.readMetadata(version === null ? role : `${version}.${role}`),
    };
    const store: MetadataStore = {
      get: async (role) => this.kept.get(role),
      put: async (role, bytes) => void this.kept.set(role, bytes),
    };
    return TufClient.refresh({ source, store, verifier: nodeVerifier, digest: nodeSha256 }, nowMs);
  }
}

test("a repository has settled when no file is being written any more", async () => {
  const repository = await opened();
  let isPublished = false;
  const published = repository.publish(new Map([["a", target("1")]])).then(() => (isPublished = true));

  await repository.settled();

  // The folder may be removed now: whoever closes a server does so.
  expect(isPublished).toBe(true);
  await published;
});

describe("new keys", () => {
  test("are in files that only their owner reads", async () => {
    await initKeys(directoryOf(), { ...KEYS, nowMs });

    for (const name of ["root-1", "targets", "snapshot", "timestamp"]) {
      expect(statSync(join(folder, "signing", "keys", `${name}.pem`)).mode & 0o777).toBe(0o600);
    }
  });

  test("are never written over others", async () => {
    await initKeys(directoryOf(), { ...KEYS, nowMs });

    await expect(initKeys(directoryOf(), { ...KEYS, nowMs })).rejects.toMatchObject({ code: "KEYS_EXIST" });
  });

  test("with a passphrase open with it, and not without", async () => {
    await initKeys(directoryOf("secret"), { ...KEYS, passphrase: "secret", nowMs });

    await expect(open(directoryOf("secret"))).resolves.toBeDefined();
    await expect(open(directoryOf())).rejects.toMatchObject({ code: "KEYS_MISSING" });
    await expect(open(directoryOf("guess"))).rejects.toMatchObject({ code: "KEYS_MISSING" });
  });

  test("of a threshold that they cannot meet are not made", async () => {
    const wrong = { ...KEYS, numRootKeys: 1, rootThreshold: 2 };

    await expect(initKeys(directoryOf(), { ...wrong, nowMs })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });

  test("that are missing are named", async () => {
    await opened();
    rmSync(join(folder, "signing", "keys", "targets.pem"));

    await expect(open()).rejects.toMatchObject({
      code: "KEYS_MISSING",
      message: expect.stringContaining("targets.pem") as string,
    });
  });
});

describe("what is published", () => {
  test("is believed by a client", async () => {
    const repository = await opened();
    const client = await FileClient.begin();

    await repository.publish(new Map([["models/digits/1/manifest.json", target("a")]]));

    const refreshed = await client.refresh();
    expect(await refreshed.find("models/digits/1/manifest.json")).toMatchObject({ file: target("a") });
  });

  test("keeps the targets of before until they are taken away", async () => {
    const repository = await opened();
    await repository.publish(new Map([["a", target("a")]]));
    await repository.publish(new Map([["b", target("b")]]));
    await repository.publish(new Map([["a", null]]));

    expect(repository.target("a")).toBeUndefined();
    expect(repository.target("b")).toEqual(target("b"));
  });

  test("is published in turn: changes at the same time lose nothing", async () => {
    const repository = await opened();

    await Promise.all(["a", "b", "c"].map((digit) => repository.publish(new Map([[digit, target(digit)]]))));

    expect(Object.keys(repository.published.targets.signed.targets)).toEqual(["a", "b", "c"]);
  });

  test("is there after a restart", async () => {
    const repository = await opened();
    await repository.publish(new Map([["a", target("a")]]));

    const again = await open();

    expect(again.target("a")).toEqual(target("a"));
    expect(again.published.timestamp.signed.version).toBe(repository.published.timestamp.signed.version);
  });

  test("names hash and length of every file, so that devices can fetch it by its content", async () => {
    const repository = await opened();
    const { timestamp, snapshot, targets } = repository.published;

    expect(timestamp.signed.meta["snapshot.json"]).toEqual({
      version: 1,
      length: snapshot.bytes.length,
      hashes: { sha256: await nodeSha256.sha256(snapshot.bytes) },
    });
    expect(snapshot.signed.meta["targets.json"]).toEqual({
      version: 1,
      length: targets.bytes.length,
      hashes: { sha256: await nodeSha256.sha256(targets.bytes) },
    });
  });
});

/** Ends the process at its n-th write, before or after the bytes are on the disk. */
class DyingDirectory extends SigningDirectory {
  numWrites = 0;

  constructor(
    directory: string,
    private readonly diesAt: number,
    private readonly isAfter: boolean,
  ) {
    super(directory, null);
  }

  override async writeMetadata(name: string, bytes: Uint8Array): Promise<void> {
    this.numWrites += 1;
    if (this.numWrites === this.diesAt && !this.isAfter)
      throw new FedgeError("STORAGE_FAILED", "power is gone");
    await super.writeMetadata(name, bytes);
    if (this.numWrites === this.diesAt) throw new FedgeError("STORAGE_FAILED", "power is gone");
  }
}

describe("a process that ends while it publishes", () => {
  const moments = [1, 2, 3].flatMap((write) => [false, true].map((isAfter) => ({ write, isAfter })));

  test.each(moments)(
    "leaves all or nothing (write $write, after it: $isAfter)",
    async ({ write, isAfter }) => {
      await (await opened()).publish(new Map([["a", target("a")]]));
      const client = await FileClient.begin();
      await client.refresh();
      const dying = await open(new DyingDirectory(join(folder, "signing"), write, isAfter));
      await expect(dying.publish(new Map([["a", target("b")]]))).rejects.toMatchObject({
        code: "STORAGE_FAILED",
      });

      const again = await open();

      const isPublished = write === 3 && isAfter;
      expect(again.target("a")).toEqual(target(isPublished ? "b" : "a"));
      expect(await (await client.refresh()).find("a")).toMatchObject({
        file: target(isPublished ? "b" : "a"),
      });
      await again.publish(new Map([["a", target("c")]]));
      expect(await (await client.refresh()).find("a")).toMatchObject({ file: target("c") });
    },
  );
});

describe("renewal", () => {
  test("does nothing while half of every lifetime is left", async () => {
    const repository = await opened();
    nowMs += DAY_MS / 2 - 1000;

    expect(await repository.renew()).toBe(false);
  });

  test("keeps timestamps, snapshots and targets fresh for sixty days", async () => {
    const repository = await opened();
    const client = await FileClient.begin();

    for (let hours = 0; hours < 24 * 60; hours += 12) {
      nowMs += DAY_MS / 2;
      await repository.renew();
      if (hours % 240 === 0) await client.refresh();
    }

    // Twice a day, and after 45 days.
    expect(repository.published.timestamp.signed.version).toBe(121);
    expect(repository.published.targets.signed.version).toBe(2);
    await expect(client.refresh()).resolves.toBeDefined();
  });

  test("happens at a start after everything has expired", async () => {
    await opened();
    const client = await FileClient.begin();
    nowMs += 200 * DAY_MS;

    await open();

    await expect(client.refresh()).resolves.toBeDefined();
  });
});

describe("a rotation", () => {
  test.each(["timestamp", "snapshot", "targets"] as const)("of %s is followed by a client", async (role) => {
    const repository = await opened();
    await repository.publish(new Map([["a", target("a")]]));
    const client = await FileClient.begin();
    await client.refresh();
    const before = repository.root.roles[role].keyids;
    expect(await rotateKey(directoryOf(), role, nowMs)).toMatchObject({ version: 2, isSigned: true });

    expect(await repository.renew()).toBe(true);

    expect(repository.root.roles[role].keyids).not.toEqual(before);
    expect(await (await client.refresh()).find("a")).toMatchObject({ file: target("a") });
    expect(client.kept.get("root")).toEqual(await newestRoot(directoryOf()));
  });

  test("is adopted at a start, and its keys serve after another one", async () => {
    await opened();
    const client = await FileClient.begin();
    await rotateKey(directoryOf(), "timestamp", nowMs);
    await open();
    await rotateKey(directoryOf(), "timestamp", nowMs);
    nowMs += DAY_MS;

    const repository = await open();

    expect(repository.root.version).toBe(3);
    await expect(client.refresh()).resolves.toBeDefined();
  });

  test("waits for the root's key when that is elsewhere", async () => {
    const offline = join(folder, "offline");
    const repository = await opened({ offlineRootDirectory: offline as never });
    const client = await FileClient.begin();
    expect(await rotateKey(directoryOf(), "timestamp", nowMs)).toMatchObject({ isSigned: false });
    expect(await repository.renew()).toBe(false);

    const carried = join(folder, "carried.json");
    cpSync(directoryOf().nextRootFile, carried);
    expect(await signRoot(carried, offline, null)).toEqual({ numSignatures: 1, threshold: 1 });
    cpSync(carried, directoryOf().nextRootFile);

    expect(await repository.renew()).toBe(true);
    await expect(client.refresh()).resolves.toBeDefined();
  });

  test("of the root's own key is followed by a client, and the old key signs no root after it", async () => {
    const repository = await opened();
    const client = await FileClient.begin();
    await rotateKey(directoryOf(), "root", nowMs);
    expect(await repository.renew()).toBe(true);
    await client.refresh();
    rmSync(join(folder, "signing", "keys", "root-2.pem"));
    await rotateKey(directoryOf(), "timestamp", nowMs);

    expect(await repository.renew()).toBe(false);
    expect(repository.root.version).toBe(2);
  });

  test("of offline root keys is signed where they are", async () => {
    const offline = join(folder, "offline");
    const repository = await opened({ offlineRootDirectory: offline as never });
    const client = await FileClient.begin();
    await rotateKey(directoryOf(), "root", nowMs);
    await replaceRootKeys(directoryOf().nextRootFile, offline, null);

    expect(await repository.renew()).toBe(true);
    await client.refresh();
    expect(client.kept.get("root")).toEqual(await newestRoot(directoryOf()));
  });

  test("needs as many root keys as the threshold says", async () => {
    const repository = await opened({ numRootKeys: 2, rootThreshold: 2 });
    rmSync(join(folder, "signing", "keys", "root-2.pem"));
    expect(await rotateKey(directoryOf(), "targets", nowMs)).toMatchObject({ isSigned: false });

    expect(await repository.renew()).toBe(false);
    expect(repository.root.version).toBe(1);
  });

  test("is not begun while another one waits", async () => {
    await opened({ offlineRootDirectory: join(folder, "offline") as never });
    await rotateKey(directoryOf(), "timestamp", nowMs);

    await expect(rotateKey(directoryOf(), "targets", nowMs)).rejects.toMatchObject({ code: "KEYS_EXIST" });
  });
});

test("a desired state is signed by the timestamp's key", async () => {
  const repository = await opened();
  const desired: Desired = { type: "desired", releaseCounter: 1, models: [] };

  const { signature } = await repository.signDesired(desired);

  const { roles, keys } = repository.root;
  const signed = {
    signatures: [{ keyid: signature?.keyId ?? "", sig: signature?.value ?? "" }],
    signedBytes: desiredBytes(desired),
  };
  await expect(
    requireSignatures("desired", signed, { role: roles.timestamp, keys }, nodeVerifier),
  ).resolves.toBeUndefined();
});

test("targets say whose signature stands on them, also when the root trusts a newer key by then", async () => {
  const repository = await opened();
  const first = await directoryOf().signerOf("targets", repository.root);
  await rotateKey(directoryOf(), "targets", nowMs);
  const before = repository.published.targets.keyIds;

  await repository.renew();

  const second = await directoryOf().signerOf("targets", repository.root);
  expect(second.keyId).not.toBe(first.keyId);
  expect([before, repository.published.targets.keyIds]).toEqual([[first.keyId], [second.keyId]]);
});
