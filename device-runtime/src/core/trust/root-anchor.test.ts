import { hasErrorCode } from "@fedge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { TrustRig, model } from "../../node/testing/trust-rig.js";

let rig: TrustRig;
beforeEach(async () => {
  rig = await TrustRig.open();
});

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const keptRoot = (): Promise<Uint8Array | undefined> => rig.store.get("trust/metadata/root");

/** The server's keys were made anew; its broker says so. */
async function serverMadeAnew(): Promise<void> {
  rig.repository = (await TrustRig.open()).repository;
  await rig.release(1, 1);
}

/** The server followed its root's own chain to this version. */
async function rotatedTo(version: number): Promise<void> {
  for (let next = 2; next <= version; next += 1) {
    const before = rig.repository.signers.get("root") ?? [];
    await rig.repository.rotate("root");
    const own = rig.repository.signers.get("root") ?? [];
    rig.repository.signers.set("root", [...before, ...own]);
    await rig.repository.publish("root");
    rig.repository.signers.set("root", own);
  }
}

describe("the root that trust begins with", () => {
  test("is the one of the app, and none that another server names", async () => {
    const other = await TrustRig.open();
    rig.newTrust(other.repository.bytes("root", 1));
    await rig.release(1, 1);

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "ROOT_UNKNOWN" });
  });

  test("is the one of the app, whatever the server named at enrolment", async () => {
    const other = await TrustRig.open();
    rig.newTrust(other.repository.bytes("root", 1));
    rig.enrolledRoot = rig.put(rig.repository.bytes("root", 1));
    await rig.release(1, 1);

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "ROOT_UNKNOWN" });
  });

  test("is the one that the server named at enrolment, and none that only the broker names", async () => {
    const true_ = rig.repository;
    rig.enrolledRoot = rig.put(true_.bytes("root", 1));
    await serverMadeAnew();

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "ROOT_UNKNOWN" });
    expect(text(await keptRoot())).toBe(text(true_.bytes("root", 1)));
  });

  test("of the enrolment is refused with other bytes under its hash, and nothing is kept", async () => {
    rig.enrolledRoot = rig.put(rig.repository.bytes("root", 1));
    const other = await TrustRig.open();
    rig.blobs.set(rig.enrolledRoot.sha256, other.repository.bytes("root", 1));
    await rig.release(1, 1);
    rig.blobs.set(rig.enrolledRoot.sha256, other.repository.bytes("root", 1));

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
    expect(await keptRoot()).toBeUndefined();
  });

  test("of the enrolment leads to the newest by its chain", async () => {
    rig.enrolledRoot = rig.put(rig.repository.bytes("root", 1));
    await rotatedTo(3);
    await rig.release(1, 1);

    await rig.trust.refresh();

    expect(text(await keptRoot())).toBe(text(rig.repository.bytes("root", 3)));
  });

  test("of an app that its own keys did not sign is refused", async () => {
    const signed = JSON.parse(text(rig.repository.bytes("root", 1))) as { signed: { version: number } };
    signed.signed.version = 2;
    rig.newTrust(new TextEncoder().encode(JSON.stringify(signed)));
    await rig.release(1, 1);

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });
});

describe("a server that does not have the trusted root", () => {
  test("is refused by name, with what to do, and is not trusted by and by", async () => {
    await rig.release(1, 1);
    await rig.trust.refresh();
    const before = text(await keptRoot());
    await serverMadeAnew();

    const error = await rig.trust.refresh().catch((thrown: unknown) => thrown);

    expect(hasErrorCode(error) && error.code).toBe("ROOT_UNKNOWN");
    expect((error as Error).message).toMatch(/root 1 .*made anew.*trustedRoot.*forget/);
    await expect(rig.trust.verifyDesired(await rig.desired(1))).rejects.toMatchObject({
      code: "ROOT_UNKNOWN",
    });
    rig.newTrust();
    rig.announce();
    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "ROOT_UNKNOWN" });
    expect(text(await keptRoot())).toBe(before);
  });

  test("is told from one that has it and whose metadata are signed by nobody", async () => {
    await rig.release(1, 1);
    await rig.trust.refresh();
    rig.repository.signers.set("timestamp", []);
    await rig.repository.publish("timestamp");
    rig.announce();

    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });

  test("is believed once the app ships its root: counters begin anew, and nothing of before is believed", async () => {
    const old = rig.repository;
    const released = await rig.release(1, 70);
    await rig.trust.verifyDesired(await rig.desired(70));
    await rig.trust.committed(model, await rig.accept(released));
    await serverMadeAnew();

    rig.newTrust(rig.repository.bytes("root", 1));
    rig.announce();
    await rig.trust.verifyDesired(await rig.desired(1));

    expect(await rig.accept(rig.entry(1))).toMatchObject({ releaseCounter: 1 });
    expect(rig.numAuthorities).toBe(1);
    rig.repository = old;
    rig.announce();
    await expect(rig.trust.refresh()).rejects.toMatchObject({ code: "ROOT_UNKNOWN" });
  });

  test("is not believed again at the next start with the same app: its counters stay", async () => {
    await rig.release(1, 1);
    await rig.trust.refresh();
    await serverMadeAnew();
    const root = rig.repository.bytes("root", 1);
    rig.newTrust(root);
    rig.announce();
    await rig.trust.committed(model, await rig.accept(await rig.release(2, 5)));

    rig.newTrust(root);
    const older = await rig.release(1, 4);

    await expect(rig.accept(older)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
    expect(rig.numAuthorities).toBe(1);
  });
});

describe("an app's root of the chain that the device follows", () => {
  test("that is older changes nothing: keys that were replaced are not trusted again", async () => {
    await rotatedTo(2);
    await rig.release(1, 1);
    await rig.trust.refresh();
    expect(text(await keptRoot())).toBe(text(rig.repository.bytes("root", 2)));

    rig.newTrust(rig.repository.bytes("root", 1));
    rig.announce();
    await rig.trust.refresh();

    expect(text(await keptRoot())).toBe(text(rig.repository.bytes("root", 2)));
    expect(rig.numAuthorities).toBe(0);
  });

  test("that is newer is taken at once, and the counters stay", async () => {
    const released = await rig.release(1, 7);
    await rig.trust.committed(model, await rig.accept(released));
    await rotatedTo(2);
    rig.newTrust(rig.repository.bytes("root", 2));

    const older = await rig.release(2, 6);

    await expect(rig.accept(older)).rejects.toMatchObject({ code: "RELEASE_ROLLBACK" });
    expect(rig.numAuthorities).toBe(0);
  });
});
