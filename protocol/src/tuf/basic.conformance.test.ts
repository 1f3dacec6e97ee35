import { describe, expect, test } from "vitest";
import { ClientRig, START_MS, DAY_MS } from "./testing/client-rig.js";
import { toExpiry } from "./metadata.js";

const FIRST = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };

/** The file with another signed part or other signatures, as whoever has no key can make it. */
function changed(
  bytes: Uint8Array,
  change: (file: { signed: Record<string, unknown>; signatures: { sig: string }[] }) => void,
): Uint8Array {
  const file = JSON.parse(new TextDecoder().decode(bytes));
  change(file);
  return new TextEncoder().encode(JSON.stringify(file));
}

describe("a client that begins", () => {
  test("asks for the next root, the timestamp, and what they name, and believes all of it", async () => {
    const rig = await ClientRig.open();

    await rig.refresh();

    expect(rig.repository.asked).toEqual(["2.root", "timestamp", "1.snapshot", "1.targets"]);
    expect(rig.versions).toEqual(FIRST);
  });

  test("asks for nothing when its root is no root", async () => {
    const rig = await ClientRig.open();
    await rig.trustRoot(changed(rig.repository.bytes("root"), ({ signed }) => delete signed["version"]));

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
    expect(rig.repository.asked).toEqual([]);
  });

  test("asks for nothing when its root is not signed by its own keys", async () => {
    const rig = await ClientRig.open();
    await rig.trustRoot(
      changed(rig.repository.bytes("root"), ({ signatures }) => {
        for (const signature of signatures) signature.sig = "ab".repeat(64);
      }),
    );

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
    expect(rig.repository.asked).toEqual([]);
  });

  test("without any root says so", async () => {
    const rig = await ClientRig.open();
    rig.store.kept.delete("root");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNAVAILABLE" });
  });

  test("refreshes before it looks for a target that is not there", async () => {
    const rig = await ClientRig.open();

    expect(await rig.find("nonexistent artifact")).toBeUndefined();
    expect(rig.versions).toEqual(FIRST);
  });
});

describe("metadata without the signature of their role", () => {
  test.each(["root", "timestamp", "snapshot", "targets"])("are not believed: %s", async (role) => {
    const rig = await ClientRig.open();
    await rig.refresh();
    rig.repository.signers.set(role, []);
    await rig.repository.publish(...new Set([role, "snapshot", "timestamp"]));

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
    expect(rig.versions[role]).toBe(1);
  });

  test("are not believed when one character of what was signed is another", async () => {
    const rig = await ClientRig.open();
    const bytes = changed(rig.repository.bytes("timestamp"), ({ signed }) => {
      signed["expires"] = toExpiry(START_MS + 31 * DAY_MS);
    });
    rig.repository.published.set("timestamp", [bytes]);

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });
});

describe("a timestamp of the version that the client has", () => {
  test("is discarded without an error, whatever it says", async () => {
    const rig = await ClientRig.open();
    await rig.refresh();
    const before = rig.store.kept.get("timestamp");
    rig.repository.timestamp.meta["snapshot.json"] = { version: 100 };
    await rig.repository.republish("timestamp");

    await rig.refresh();

    expect(rig.store.kept.get("timestamp")).toEqual(before);
  });
});

describe("a file that is not what its parent says", () => {
  test("is refused when its hash is another, and the former stays", async () => {
    const rig = await ClientRig.open();
    rig.repository.hasHashes = true;
    await rig.repository.publish("targets", "snapshot", "timestamp");
    await rig.refresh();
    await rig.repository.publish("targets", "snapshot", "timestamp");
    rig.repository.targets().targets = {};
    rig.repository.targets()["note"] = "changed after it was announced";
    rig.repository.published.get("targets")?.pop();
    const announced = structuredClone(rig.repository.snapshot.meta);
    await rig.repository.republish("targets");
    rig.repository.snapshot.meta = announced;

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
    expect(rig.versions["targets"]).toBe(2);
  });

  test.each(["snapshot", "targets"])("is refused when its version is another: %s", async (role) => {
    const rig = await ClientRig.open();
    await rig.refresh();
    await rig.repository.publish("targets", "snapshot", "timestamp");
    const wrong = rig.repository.bytes(role, 1);
    const fetch = rig.repository.fetch.bind(rig.repository);
    rig.repository.fetch = async (wanted) => (wanted.role === role ? wrong : fetch(wanted));

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
    expect(rig.versions[role]).toBe(1);
  });

  test("is refused when it is of another type", async () => {
    const rig = await ClientRig.open();
    rig.repository.published.set("timestamp", [rig.repository.bytes("snapshot")]);

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });

  test.each(["timestamp", "snapshot", "targets"])("is an error when it is not there: %s", async (role) => {
    const rig = await ClientRig.open();
    rig.repository.published.delete(role);

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNAVAILABLE" });
  });

  test("is read no further than its parent allows, and then refused", async () => {
    const rig = await ClientRig.open();
    const padded = new Uint8Array(6 * 1024 * 1024).fill(0x20);
    padded.set(rig.repository.bytes("targets"));
    rig.repository.published.set("targets", [padded]);

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });
});

describe("fields that the client does not know", () => {
  test("are part of what is signed, and no reason to refuse", async () => {
    const rig = await ClientRig.open();
    const { root } = rig.repository;
    const [keyid] = root.roles.root.keyids;
    root["custom-field"] = 'value \u{1f600} "quoted" \\';
    root.keys[keyid as string] = { ...root.keys[keyid as string], "extra-field": { a: 1, b: 2 } } as never;
    root.roles.root["another-field"] = "value";
    await rig.repository.publish("root");

    await rig.refresh();

    expect(rig.versions["root"]).toBe(2);
  });
});

describe("a repository without consistent snapshots", () => {
  test("is asked for files without versions in their names", async () => {
    const rig = await ClientRig.open();
    rig.repository.root["consistent_snapshot"] = false;
    await rig.repository.publish("root");

    await rig.refresh();

    expect(rig.repository.asked).toEqual(["2.root", "3.root", "timestamp", "snapshot", "targets"]);
  });
});
