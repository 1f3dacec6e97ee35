import { beforeEach, describe, expect, test } from "vitest";
import { TrustRig, settle } from "../../node/testing/trust-rig.js";

let rig: TrustRig;
beforeEach(async () => {
  rig = await TrustRig.open();
});

describe("a desired state", () => {
  test("without a signature is refused", async () => {
    await rig.release(1, 1);
    const { signature: _none, ...unsigned } = await rig.desired(1);

    await expect(rig.trust.verifyDesired(unsigned)).rejects.toMatchObject({ code: "RELEASE_UNSIGNED" });
  });

  test("that was changed after it was signed is refused", async () => {
    await rig.release(1, 1);
    const desired = await rig.desired(1);

    await expect(rig.trust.verifyDesired({ ...desired, models: [rig.entry(2)] })).rejects.toMatchObject({
      code: "RELEASE_UNSIGNED",
    });
  });

  test("that is signed by the key of another role is refused", async () => {
    await rig.release(1, 1);
    rig.repository.signers.set("timestamp", rig.repository.signers.get("targets") ?? []);

    await expect(rig.trust.verifyDesired(await rig.desired(1))).rejects.toMatchObject({
      code: "RELEASE_UNSIGNED",
    });
  });

  test("that is signed by a key of the next root is believed", async () => {
    await rig.release(1, 1);
    await rig.trust.refresh();
    await rig.repository.rotate("timestamp");
    await rig.repository.publish("root", "timestamp");
    rig.announce();

    await expect(rig.trust.verifyDesired(await rig.desired(2))).resolves.toBeUndefined();
  });

  test("with fractions in its policy is believed", async () => {
    await rig.release(1, 1);
    const probation = {
      ...{
        minPredictions: 20,
        minDurationMs: 0,
        deadlineMs: 60_000,
        maxErrorRate: 0.015,
        maxLatencyRatio: 1.5,
      },
      ...{ maxMemoryGrowthBytes: null, allowsOffline: true },
    };
    const policy = {
      stateDeadlineMs: 1000,
      maxActivations: 3,
      maxCrashes: 3,
      rollback: "automatic",
      probation,
    } as const;
    const desired = await rig.desired(1, { models: [{ ...rig.entry(1), policy }] });

    await expect(rig.trust.verifyDesired(structuredClone(desired))).resolves.toBeUndefined();
  });
});

describe("a version that comes back", () => {
  test("is believed once the metadata know it under the counter that is wanted, whichever comes first", async () => {
    const before = await rig.release(1, 1);
    await rig.accept(before);
    const next = await rig.release(2, 2);
    const trusted = await rig.accept(next);
    await rig.trust.committed(next.model, trusted);

    const wanted = rig.trust.accept({ ...before, releaseCounter: 3 }, rig.clock.nowMs());
    await settle();
    await rig.release(1, 3);

    expect((await wanted).releaseCounter).toBe(3);
  });

  test("is refused under a counter that nobody signed", async () => {
    const before = await rig.release(1, 1);

    const wanted = rig.trust.accept({ ...before, releaseCounter: 3 }, rig.clock.nowMs());

    await expect(rig.givesUp(wanted)).rejects.toMatchObject({ code: "METADATA_MISMATCH" });
  });
});

test("what waits for metadata ends when the device is closed", async () => {
  const outcome = rig.trust.refresh().catch((error: unknown) => error);
  await settle();

  rig.trust.close();

  expect(await outcome).toMatchObject({ code: "CLOSED" });
});
