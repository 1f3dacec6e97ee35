import {
  FedgeError,
  toExpiry,
  desiredBytes,
  toHex,
  type BlobRef,
  type Desired,
  type DeviceId,
  type ModelName,
} from "@fedge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { DAY_MS, TrustRig, model, settle } from "../../node/testing/trust-rig.js";

let rig: TrustRig;
beforeEach(async () => {
  rig = await TrustRig.open();
});

describe("a signed release", () => {
  test("is accepted with its counter", async () => {
    const entry = await rig.release(1, 7);

    expect(await rig.accept(entry)).toEqual({ releaseCounter: 7, minRuntimeVersion: "0.1.0" });
  });

  test("is accepted after a restart from what was kept and the newest timestamp", async () => {
    const entry = await rig.release(1, 7);
    await rig.accept(entry);
    rig.blobs.clear();
    rig.newTrust();
    rig.hear(
      "root",
      new TextEncoder().encode(
        JSON.stringify({ roots: [{ version: 1, ...rig.put(rig.repository.bytes("root", 1)) }] }),
      ),
    );
    rig.hear("timestamp", rig.repository.bytes("timestamp"));

    expect(await rig.accept(entry)).toMatchObject({ releaseCounter: 7 });
  });

  test("that is heard of before its metadata waits for them", async () => {
    rig.announce();
    const accepted = rig.accept(rig.entry(1));
    await settle();

    await rig.release(1, 7);

    expect(await accepted).toMatchObject({ releaseCounter: 7 });
  });

  test("R24: that goes back to an earlier version is accepted under a higher counter, signed like every other", async () => {
    const first = await rig.release(1, 1);
    await rig.trust.committed(model, await rig.accept(first));
    const second = await rig.release(2, 2);
    await rig.trust.committed(model, await rig.accept(second));

    expect(await rig.accept(await rig.release(1, 3))).toMatchObject({ releaseCounter: 3 });
  });

  test("that was withdrawn is not accepted", async () => {
    const entry = await rig.release(1, 1);
    rig.repository.targets().targets = {};
    await rig.repository.publish("targets", "snapshot", "timestamp");
    rig.announce();

    await expect(rig.givesUp(rig.accept(entry))).rejects.toMatchObject({ code: "TARGET_UNKNOWN" });
  });
});

describe("S1: an old release", () => {
  test("is refused once a newer one was committed", async () => {
    const old = await rig.release(1, 1);
    const newer = await rig.release(2, 2);
    await rig.trust.committed(model, await rig.accept(newer));

    await expect(rig.accept(old)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
  });

  test("is refused in an old timestamp that is replayed", async () => {
    await rig.release(1, 1);
    const old = rig.repository.bytes("timestamp");
    await rig.accept(await rig.release(2, 2));
    rig.hear("timestamp", old);

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_ROLLBACK" });
  });

  test("is refused in an old desired state that is replayed, also after a restart", async () => {
    await rig.release(1, 1);
    const old = await rig.desired(4);
    await rig.trust.verifyDesired(await rig.desired(5));
    rig.newTrust();
    rig.announce();

    await expect(rig.trust.verifyDesired(old)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
  });

  test("the same desired state again is no rollback", async () => {
    await rig.release(1, 1);
    const desired = await rig.desired(4);
    await rig.trust.verifyDesired(desired);

    await expect(rig.trust.verifyDesired(desired)).resolves.toBeUndefined();
  });
});

describe("S2: a timestamp that has expired", () => {
  test("lets nothing be installed, and is over with the next one", async () => {
    const entry = await rig.release(1, 1);
    await rig.accept(entry);
    rig.clock.advance(DAY_MS);

    await expect(rig.givesUp(rig.accept(entry))).rejects.toMatchObject({ code: "METADATA_EXPIRED" });

    for (const signed of [
      rig.repository.timestamp,
      rig.repository.snapshot,
      rig.repository.targets(),
      rig.repository.root,
    ]) {
      signed.expires = toExpiry(rig.clock.nowMs() + DAY_MS);
    }
    await rig.repository.publish("root", "targets", "snapshot", "timestamp");
    rig.announce();
    expect(await rig.accept(entry)).toMatchObject({ releaseCounter: 1 });
    expect(rig.numFresh).toBe(2);
  });
});

describe("S3: parts of two versions", () => {
  test("are refused: the manifest, which names every file, has to be the signed one", async () => {
    await rig.release(5, 5);
    const mixed = { ...rig.entry(5), manifest: rig.entry(4).manifest };

    await expect(rig.givesUp(rig.accept(mixed))).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
  });

  test("are refused: targets of one time under the snapshot of another", async () => {
    await rig.release(1, 1);
    const old = rig.repository.bytes("targets");
    await rig.release(2, 2);
    const { sha256 } = rig.put(rig.repository.bytes("targets"));
    rig.blobs.set(sha256, old);

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
  });
});

describe("S4 and S5: metadata that were changed on the way", () => {
  test.each([
    ["by one bit", (bytes: Uint8Array) => bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte))],
    ["by leaving out the end", (bytes: Uint8Array) => bytes.slice(0, -1)],
    ["by adding to the end", (bytes: Uint8Array) => Uint8Array.of(...bytes, 0x20)],
  ])("%s are refused", async (_how, change) => {
    await rig.release(1, 1);
    const { sha256 } = rig.put(rig.repository.bytes("snapshot"));
    rig.blobs.set(sha256, change(rig.repository.bytes("snapshot")));

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
  });

  test("and never end are not read: more than a timestamp can have is refused", async () => {
    rig.hear("timestamp", new Uint8Array(16 * 1024 + 1));

    expect(rig.errors).toMatchObject([{ code: "METADATA_MALFORMED" }]);
  });

  test("and are announced as larger than their role may be are not fetched", async () => {
    await rig.release(1, 1);
    const asked: BlobRef[] = [];
    const { fetch } = rig;
    rig.fetch = (ref, signal) => {
      asked.push(ref);
      return fetch(ref, signal);
    };
    rig.repository.timestamp.meta["snapshot.json"] = {
      version: 99,
      length: 3 * 1024 * 1024,
      hashes: { sha256: "a".repeat(64) },
    };
    await rig.repository.publish("timestamp");
    rig.announce();

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
    expect(asked.some(({ sha256 }) => sha256 === "a".repeat(64))).toBe(false);
  });
});

describe("S6: versions raised to 2^31 with a stolen key", () => {
  test("are forgotten when the next root takes the trust from the key", async () => {
    await rig.release(1, 1);
    rig.repository.timestamp.version = 2 ** 31;
    await rig.repository.republish("timestamp");
    rig.announce();
    await rig.trust.refresh();
    await rig.repository.rotate("timestamp");
    rig.repository.timestamp.version = 4;
    await rig.repository.publish("root", "timestamp");
    rig.announce();

    await expect(rig.trust.refresh()).resolves.toBeUndefined();
  });
});

describe("S7 and S8: a key that may not sign alone, or not this", () => {
  test("one of two stolen root keys makes no root", async () => {
    await rig.repository.addKey("root");
    rig.repository.root.roles.root.threshold = 2;
    await rig.repository.publish("root");
    await rig.release(1, 1);
    await rig.trust.refresh();
    rig.repository.signers.set("root", (rig.repository.signers.get("root") ?? []).slice(0, 1));
    await rig.repository.publish("root");
    rig.announce();

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("the key of the targets signs no root", async () => {
    await rig.release(1, 1);
    await rig.trust.refresh();
    rig.repository.signers.set("root", rig.repository.signers.get("targets") ?? []);
    await rig.repository.publish("root");
    rig.announce();

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("the key of the timestamp makes no release: it signs desired states only", async () => {
    await rig.release(1, 1);
    rig.repository.signers.set("targets", rig.repository.signers.get("timestamp") ?? []);

    const entry = await rig.release(2, 2);

    await expect(rig.givesUp(rig.accept(entry))).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });
});

describe("S9: metadata that come too slowly", () => {
  test("are given up after their deadline", async () => {
    await rig.release(1, 1);
    rig.fetch = (_ref, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new FedgeError("CLOSED", "not wanted any more")));
      });
    const outcome = rig.trust.refresh().catch((error: unknown) => error);
    await settle();
    rig.clock.advance(120_000);

    expect(await outcome).toMatchObject({ code: "METADATA_UNAVAILABLE" });
  });

  test("or not at all are given up as well", async () => {
    const outcome = rig.trust.refresh().catch((error: unknown) => error);
    await settle();
    rig.clock.advance(30_000);

    expect(await outcome).toMatchObject({ code: "METADATA_UNAVAILABLE" });
  });
});

describe("S10: what is meant for somebody else", () => {
  test("is refused: a desired state of another device", async () => {
    await rig.release(1, 1);
    const others = await rig.desired(1, { deviceId: "ben" as DeviceId });

    await expect(rig.trust.verifyDesired(others)).rejects.toMatchObject({ code: "RELEASE_OUT_OF_SCOPE" });
  });

  test("is refused: a desired state that names no device", async () => {
    await rig.release(1, 1);
    const { deviceId: _nobody, ...everybody } = await rig.desired(1);
    const [signer] = rig.repository.signers.get("timestamp") ?? [];
    const document = { ...everybody, signature: undefined } as never as Desired;
    const value = toHex((await signer?.sign(desiredBytes(document))) ?? new Uint8Array());
    const signed = { ...everybody, signature: { keyId: signer?.keyId ?? "", value } };

    await expect(rig.trust.verifyDesired(signed)).rejects.toMatchObject({ code: "RELEASE_OUT_OF_SCOPE" });
  });

  test("is refused: a release of another tenant", async () => {
    const entry = await rig.release(1, 1, { tenantId: "umbrella" });

    await expect(rig.accept(entry)).rejects.toMatchObject({ code: "RELEASE_OUT_OF_SCOPE" });
  });

  test("is refused: a release of another population of the same tenant", async () => {
    rig.newTrust(null, "ward-2");
    const entry = await rig.release(1, 1, { population: "ward-1" });

    await expect(rig.accept(entry)).rejects.toMatchObject({
      code: "RELEASE_OUT_OF_POPULATION",
      message: expect.stringContaining("ward-1") as string,
    });
  });

  test("is refused: a release of a population, where the device is of none", async () => {
    const entry = await rig.release(1, 1, { population: "ward-1" });

    await expect(rig.accept(entry)).rejects.toMatchObject({ code: "RELEASE_OUT_OF_POPULATION" });
  });

  test.each([["ward-1"], [undefined]])(
    "is not refused: a release of the device's own population, or of all of the tenant (%s)",
    async (population) => {
      rig.newTrust(null, "ward-1");
      const entry = await rig.release(1, 1, population === undefined ? {} : { population });

      expect(await rig.accept(entry)).toMatchObject({ releaseCounter: 1 });
    },
  );

  test("is refused: a release of another model's name", async () => {
    const entry = await rig.release(1, 1);
    const renamed = { ...entry, model: "letters" as ModelName };

    await expect(rig.givesUp(rig.accept(renamed))).rejects.toMatchObject({ code: "TARGET_UNKNOWN" });
  });

  test.each([
    ["a newer runtime", { minRuntimeVersion: "0.2.0" }],
    ["another engine", { engines: ["layers"] }],
  ])("is refused: a release that needs %s", async (_what, more) => {
    const entry = await rig.release(1, 1, more);

    await expect(rig.accept(entry)).rejects.toMatchObject({ code: "MODEL_INCOMPATIBLE" });
  });
});

describe("S11: a clock that is set back", () => {
  test("makes no expired timestamp fresh again, also after a restart", async () => {
    const entry = await rig.release(1, 1);
    await rig.accept(entry);
    rig.clock.advance(DAY_MS - 60_000);
    await rig.accept(entry);
    const lateMs = rig.clock.nowMs();
    rig.repository.timestamp.expires = toExpiry(lateMs - 3_600_000);
    await rig.repository.publish("timestamp");
    rig.newTrust();
    rig.announce();

    await expect(rig.givesUp(rig.trust.accept(entry, lateMs - 7_200_000))).rejects.toMatchObject({
      code: "METADATA_EXPIRED",
    });
  });

  test("and was far ahead before does not end all trust", async () => {
    const entry = await rig.release(1, 1);
    const aheadMs = rig.clock.nowMs() + 3650 * DAY_MS;
    await expect(rig.givesUp(rig.trust.accept(entry, aheadMs))).rejects.toMatchObject({
      code: "METADATA_EXPIRED",
    });

    expect(await rig.accept(entry)).toMatchObject({ releaseCounter: 1 });
  });
});

describe("S18: files of a bundle that are not named by their content", () => {
  test.each([
    ["a path", [{ sha256: "../../etc/passwd", sizeBytes: 1 }]],
    ["none at all", []],
  ])("are refused: %s", async (_what, files) => {
    const entry = await rig.release(1, 1, { files });

    await expect(rig.accept(entry)).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });
});
