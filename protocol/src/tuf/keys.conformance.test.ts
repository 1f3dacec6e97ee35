import { describe, expect, test } from "vitest";
import { ClientRig, newSigner } from "./testing/client-rig.js";

describe("a threshold of keys", () => {
  test("is not met by fewer signatures", async () => {
    const rig = await ClientRig.open();
    await rig.refresh();
    for (let count = 0; count < 4; count += 1) await rig.repository.addKey("snapshot");
    rig.repository.root.roles.snapshot.threshold = 6;
    await rig.repository.publish("root", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
    expect(rig.versions).toMatchObject({ root: 2, snapshot: 1 });
  });

  test("is met once enough of its keys have signed", async () => {
    const rig = await ClientRig.open();
    rig.repository.root.roles.snapshot.threshold = 3;
    await rig.repository.addKey("snapshot");
    await rig.repository.publish("root", "snapshot", "timestamp");
    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
    await rig.repository.addKey("snapshot");
    await rig.repository.publish("root", "snapshot", "timestamp");

    await rig.refresh();

    expect(rig.versions).toMatchObject({ root: 3, snapshot: 3 });
  });

  test("is not met by keys that the root has and that did not sign", async () => {
    const rig = await ClientRig.open();
    await rig.refresh();
    rig.repository.root.roles.snapshot.threshold = 2;
    rig.repository.trust("snapshot", await newSigner());
    await rig.repository.publish("root", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("is not met by key ids whose keys the root does not have", async () => {
    const rig = await ClientRig.open();
    const stranger = await newSigner();
    rig.repository.root.roles.snapshot.keyids = [stranger.keyId];
    rig.repository.signers.set("snapshot", [stranger]);
    await rig.repository.publish("root", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("counts a key once that has many ids", async () => {
    const rig = await ClientRig.open();
    const signer = await newSigner();
    const aliases = [0, 1, 2].map((at) => ({ ...signer, keyId: `${at}${signer.keyId.slice(1)}` }));
    for (const alias of aliases) rig.repository.trust("snapshot", alias);
    rig.repository.signers.set("snapshot", aliases);
    rig.repository.root.roles.snapshot.threshold = 2;
    await rig.repository.publish("root", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("counts a key once whose hexadecimal digits are written in two ways", async () => {
    const rig = await ClientRig.open();
    const signer = await newSigner();
    const shouting = {
      ...signer,
      keyId: "shouting",
      key: { ...signer.key, keyval: { public: signer.key.keyval.public.toUpperCase() } },
    };
    for (const alias of [signer, shouting]) rig.repository.trust("snapshot", alias);
    rig.repository.signers.set("snapshot", [signer, shouting]);
    rig.repository.root.roles.snapshot.threshold = 2;
    await rig.repository.publish("root", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("is malformed when a role names a key twice", async () => {
    const rig = await ClientRig.open();
    rig.repository.root.roles.snapshot.keyids.push(rig.repository.root.roles.snapshot.keyids[0] as string);
    await rig.repository.publish("root");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });

  test("is malformed when a file has two signatures under one id", async () => {
    const rig = await ClientRig.open();
    const [signer] = rig.repository.signers.get("timestamp") ?? [];
    if (signer === undefined) throw new Error("no signer");
    rig.repository.signers.set("timestamp", [signer, signer]);
    await rig.repository.publish("timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });

  test("is malformed when it is nought", async () => {
    const rig = await ClientRig.open();
    rig.repository.root.roles.snapshot.threshold = 0;
    await rig.repository.publish("root");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });
});

describe("signatures beside the valid ones", () => {
  test.each([
    ["wrong", async () => new Uint8Array(64)],
    ["empty", async () => new Uint8Array(0)],
  ])("do no harm when they are %s", async (_kind, sign) => {
    const rig = await ClientRig.open();
    const stranger = { ...(await newSigner()), sign };
    rig.repository.trust("timestamp", stranger);
    rig.repository.signers.set("timestamp", [stranger, ...(rig.repository.signers.get("timestamp") ?? [])]);
    await rig.repository.publish("root", "timestamp");

    await rig.refresh();

    expect(rig.versions["timestamp"]).toBe(2);
  });
});

describe("a key", () => {
  test("of a type that the client does not know does no harm beside one that it knows", async () => {
    const rig = await ClientRig.open();
    const stranger = await newSigner();
    rig.repository.trust("timestamp", { ...stranger, key: { ...stranger.key, keytype: "sphincs" } });
    await rig.repository.publish("root", "timestamp");

    await rig.refresh();

    expect(rig.versions["root"]).toBe(2);
  });

  test("with hash algorithms that are no part of the specification is used all the same", async () => {
    const rig = await ClientRig.open();
    const [keyid] = rig.repository.root.roles.snapshot.keyids;
    const key = rig.repository.root.keys[keyid as string];
    rig.repository.root.keys[keyid as string] = { ...key, keyid_hash_algorithms: ["md5"] } as never;
    await rig.repository.publish("root", "snapshot", "timestamp");

    await rig.refresh();

    expect(rig.versions["snapshot"]).toBe(2);
  });

  test("of the targets role signs no root", async () => {
    const rig = await ClientRig.open();
    rig.repository.signers.set("root", rig.repository.signers.get("targets") ?? []);
    await rig.repository.publish("root");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });
});
