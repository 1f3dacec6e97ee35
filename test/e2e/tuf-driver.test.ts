import { toExpiry } from "@fedge/protocol";
import type { SimulatedRepository } from "@fedge/protocol/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DAY_MS, FedgeHost, TufDriver, newSigner, ownProcess } from "./tuf-repository.js";

/*
 * A command's start takes far longer than what is tried here: those that say what a process does have one each, the others
 * share one.
 */
let host: FedgeHost;
let driver: TufDriver;
let repository: SimulatedRepository;
beforeAll(() => void (host = new FedgeHost()));
beforeEach(async () => {
  driver = await TufDriver.open(host.run);
  ({ repository } = driver);
});
afterEach(() => driver.close());
afterAll(() => host.close());

const FIRST = { root: 1, snapshot: 1, targets: 1, timestamp: 1 };
const signedOf = (role: string): { version: number; expires: string } => {
  if (role === "root") return repository.root;
  if (role === "timestamp") return repository.timestamp;
  return role === "snapshot" ? repository.snapshot : repository.targets();
};

/** A client that has seen version 2 of everything but the root. */
async function refreshedTwice(): Promise<void> {
  await repository.publish("targets", "snapshot", "timestamp");
  expect(await driver.init()).toBe(0);
  expect(await driver.refresh()).toBe(0);
}

describe("fedge tuf as a process", () => {
  beforeEach(async () => {
    driver.close();
    driver = await TufDriver.open(ownProcess);
    ({ repository } = driver);
  });

  test("init asks for nothing, and refresh for what there is", async () => {
    expect(await driver.init()).toBe(0);
    expect(driver.asked).toEqual([]);

    expect(await driver.refresh()).toBe(0);

    expect(driver.asked).toEqual([
      "/metadata/2.root.json",
      "/metadata/timestamp.json",
      "/metadata/1.snapshot.json",
      "/metadata/1.targets.json",
    ]);
    expect(driver.versions()).toEqual(FIRST);
  });

  test.each([
    ["no root", (root: Record<string, unknown>) => ({ ...root, signed: { _type: "root" } })],
    ["not signed", (root: Record<string, unknown>) => ({ ...root, signatures: [] })],
  ])("refresh asks for nothing when the root is %s", async (_what, change) => {
    const root = JSON.parse(new TextDecoder().decode(repository.bytes("root", 1))) as Record<string, unknown>;
    // As in the suite, `init` may refuse it already.
    await driver.init(new TextEncoder().encode(JSON.stringify(change(root))));

    expect(await driver.refresh()).toBe(1);

    expect(driver.asked).toEqual([]);
  });
});

describe("a rollback", () => {
  test("of the root, under the name of the next, is refused", async () => {
    await refreshedTwice();
    repository.published.set("root", [repository.bytes("root", 1)]);
    repository.root.version = 1;
    const { fetch } = repository;
    repository.fetch = (wanted) =>
      fetch.call(repository, wanted.role === "root" ? { ...wanted, version: 1 } : wanted);

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject({ root: 1 });
  });

  test("of the timestamp is refused", async () => {
    await refreshedTwice();
    repository.timestamp.version = 1;
    await repository.republish("timestamp");

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject({ timestamp: 2 });
  });

  test.each([
    ["snapshot", { snapshot: 2, timestamp: 2 }],
    // The snapshot that announces it is refused before it is kept (specification, 5.5.5); its timestamp was genuine.
    ["targets", { snapshot: 2, timestamp: 3 }],
  ])("of %s that its parent announces is refused", async (role, kept) => {
    await refreshedTwice();
    signedOf(role).version = 1;
    await repository.republish(role);
    await repository.publish(...(role === "targets" ? ["snapshot", "timestamp"] : ["timestamp"]));

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject({ targets: 2, ...kept });
  });
});

describe("a freeze", () => {
  test.each([
    // An expired root is kept, as the specification says (5.3.10), and leads no further.
    ["root", { root: 2, timestamp: 2, snapshot: 2, targets: 2 }],
    ["timestamp", { root: 1, timestamp: 2, snapshot: 2, targets: 2 }],
    ["snapshot", { root: 1, snapshot: 2, targets: 2 }],
    ["targets", { root: 1, targets: 2 }],
  ])("with %s that have expired is refused", async (role, kept) => {
    await refreshedTwice();
    signedOf(role).expires = toExpiry(Date.now() - DAY_MS);
    const parents = { root: [], timestamp: [], snapshot: ["timestamp"], targets: ["snapshot", "timestamp"] };
    await repository.publish(role, ...parents[role as keyof typeof parents]);

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject(kept);
  });
});

describe("other bytes than are announced", () => {
  test("of metadata are refused by their hash", async () => {
    await refreshedTwice();
    repository.hasHashes = true;
    await repository.publish("targets", "snapshot", "timestamp");
    repository.targets().targets["another"] = { length: 1, hashes: { sha256: "0".repeat(64) } };
    const announced = { ...repository.snapshot.meta };
    await repository.republish("targets");
    repository.snapshot.meta = announced;
    await repository.republish("snapshot");
    await repository.publish("timestamp");

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject({ targets: 2 });
  });

  test.each([
    ["other bytes of the same length", "CONTENT"],
    ["fewer bytes", "content".slice(1)],
    ["more bytes", "content and more"],
  ])("of a target are refused: %s", async (_what, given) => {
    await repository.addArtifact("path/to/file", "content");
    await refreshedTwice();
    expect(await driver.download("path/to/file")).toBe(0);
    expect(driver.downloaded()).toEqual(["content"]);
    await repository.addArtifact("path/to/file", "next content".slice(5));
    await repository.addArtifact("path/to/other", "content");
    await repository.publish("targets", "snapshot", "timestamp");
    repository.artifacts.set("path/to/other", new TextEncoder().encode(given));

    expect(await driver.download("path/to/other")).toBe(1);

    expect(driver.downloaded()).toEqual(["content"]);
  });

  test("nobody signed are not a target", async () => {
    expect(await driver.init()).toBe(0);
    repository.artifacts.set("nonexistent", new TextEncoder().encode("content"));

    expect(await driver.download("nonexistent")).toBe(1);

    expect(driver.versions()).toEqual(FIRST);
  });
});

describe("keys", () => {
  test.each(["timestamp", "snapshot", "targets"] as const)(
    "fewer than the threshold of %s are refused, and enough of them are believed",
    async (role) => {
      await refreshedTwice();
      const second = await newSigner();
      repository.trust(role, second);
      repository.root.roles[role].threshold = 2;
      await repository.publish("root", "targets", "snapshot", "timestamp");
      expect(await driver.refresh()).toBe(1);
      expect(driver.versions()).toMatchObject({ root: 2, [role]: 2 });

      repository.signers.set(role, [...(repository.signers.get(role) ?? []), second]);
      await repository.publish("targets", "snapshot", "timestamp");

      expect(await driver.refresh()).toBe(0);
      expect(driver.versions()).toMatchObject({ [role]: 4 });
    },
  );

  test("one key under two ids counts once", async () => {
    await refreshedTwice();
    const [signer] = repository.signers.get("snapshot") ?? [];
    const double = { ...signer!, keyId: "f".repeat(64) };
    repository.trust("snapshot", double);
    repository.signers.set("snapshot", [signer!, double]);
    repository.root.roles.snapshot.threshold = 2;
    await repository.publish("root", "targets", "snapshot", "timestamp");

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject({ root: 2, snapshot: 2 });
  });

  test("a role that names one key twice is refused", async () => {
    await refreshedTwice();
    const { keyids } = repository.root.roles.snapshot;
    keyids.push(keyids[0]!);
    repository.root.roles.snapshot.threshold = 2;
    await repository.publish("root", "targets", "snapshot", "timestamp");

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toMatchObject({ root: 1, snapshot: 2 });
  });
});

describe("a rotation of the root", () => {
  test("is followed over five versions, each with other keys", async () => {
    for (let step = 0; step < 5; step += 1) {
      const before = repository.signers.get("root") ?? [];
      await repository.rotate("root");
      const own = repository.signers.get("root") ?? [];
      repository.signers.set("root", [...before, ...own]);
      await repository.publish("root");
      repository.signers.set("root", own);
    }
    expect(await driver.init()).toBe(0);

    expect(await driver.refresh()).toBe(0);

    expect(driver.versions()).toEqual({ ...FIRST, root: 6 });
    expect(driver.asked.filter((address) => address.endsWith(".root.json"))).toEqual(
      [2, 3, 4, 5, 6, 7].map((version) => `/metadata/${version}.root.json`),
    );
  });

  test("that the keys before it did not sign is refused, and those before it are kept", async () => {
    await repository.publish("root");
    await repository.rotate("root");
    await repository.publish("root");
    expect(await driver.init()).toBe(0);

    expect(await driver.refresh()).toBe(1);

    expect(driver.versions()).toEqual({ root: 2 });
  });
});

test("a repository without consistent snapshots is asked for names without versions and hashes", async () => {
  repository.root["consistent_snapshot"] = false;
  await repository.addArtifact("path/to/file", "content");
  await repository.publish("root", "targets", "snapshot", "timestamp");
  expect(await driver.init()).toBe(0);

  expect(await driver.download("path/to/file")).toBe(0);

  expect(driver.downloaded()).toEqual(["content"]);
  expect(driver.asked.slice(-4)).toEqual([
    "/metadata/timestamp.json",
    "/metadata/snapshot.json",
    "/metadata/targets.json",
    "/targets/path/to/file",
  ]);
});

test.each(["?", "#", "/delegatedrole", "../delegatedrole"])(
  "a role with the unusual name %s is asked for by its quoted name, and kept among the others",
  async (name) => {
    await repository.delegate("targets", { name });
    await repository.publish(name, "targets", "snapshot", "timestamp");
    expect(await driver.init()).toBe(0);

    expect(await driver.download("nonexistent target")).toBe(1);

    expect(driver.asked).toContain(`/metadata/1.${encodeURIComponent(name)}.json`);
    expect(driver.files()).toHaveLength(5);
  },
);

test("succinct hash bins are refused", async () => {
  await refreshedTwice();
  const delegations = {
    keys: {},
    succinct_roles: { keyids: [], threshold: 1, bit_length: 8, name_prefix: "bin" },
  };
  Object.assign(repository.targets(), { delegations });
  await repository.publish("targets", "snapshot", "timestamp");

  expect(await driver.refresh()).toBe(1);

  expect(driver.versions()).toMatchObject({ targets: 2 });
});
