import { FedgeError, birth, decodeEnvelope, deviceTopic, type ErrorCode } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { InstallWorld, type InstallWorldOptions } from "../../testing/install-world.js";
import { TENANT } from "../../testing/scripted-server.js";
import { step } from "../installs/install-machine.js";
import { NOTHING_INSTALLED, type InstallGoal } from "../installs/install-state.js";
import { DEFAULT_INSTALL_POLICY } from "../installs/default-policy.js";
import { Problems } from "../problems.js";
import { createTrustingTrust } from "./trusting-trust.js";

const options: InstallWorldOptions = {
  digest: nodeDigest,
  newStop: () => new AbortController(),
  settle: async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  },
};

/** What a device without consent to anything says of itself, when its release is refused with this code. */
async function saidWith(code: ErrorCode): Promise<(string | undefined)[]> {
  const trust = { ...createTrustingTrust(), accept: () => Promise.reject(new FedgeError(code, "refused")) };
  const world = new InstallWorld({ ...options, trust });
  const said: (string | undefined)[] = [];
  world.broker.onPublished((topic, payload) => {
    if (topic !== deviceTopic(TENANT, world.rig.deviceId, "birth")) return;
    said.push(decodeEnvelope(payload, birth, "birth").body.untrusting);
  });
  const device = await world.rig.start();
  device.setConsent({ training: false, reporting: false });
  await world.settle();
  world.want(2, await world.server.publishVersion(2));
  await world.pass(5);
  return said;
}

describe("S2: a device that believes nothing new", () => {
  test.each(["METADATA_EXPIRED", "ROOT_UNKNOWN"] as const)(
    "S2: says so at once and once, with its code and without consent to reporting: %s",
    async (code) => {
      expect(await saidWith(code)).toEqual([undefined, code]);
    },
  );

  test("S2: does not say it of what is wrong with one release", async () => {
    expect(await saidWith("RELEASE_OUT_OF_SCOPE")).toEqual([undefined]);
  });

  test("S2: tells that it is over when the metadata are fresh, and nothing of what has not changed", () => {
    const told: (string | null)[] = [];
    const problems: Problems = new Problems([], () => told.push(problems.untrusting));

    problems.trusted();
    problems.met(new FedgeError("METADATA_EXPIRED", "stale"));
    problems.met(new FedgeError("METADATA_EXPIRED", "stale again"));
    problems.met(new FedgeError("STORAGE_FULL", "no room"));
    problems.trusted();

    expect(told).toEqual(["METADATA_EXPIRED", null]);
    expect(problems.all.map(({ code }) => code)).toEqual(["STORAGE_FULL"]);
  });
});

describe("an installation", () => {
  const goal = (releaseCounter: number, digit: string): InstallGoal => ({
    ...{ version: 1, manifest: { sha256: digit.repeat(64) as never, sizeBytes: 1 }, releaseCounter },
    ...{ rolloutId: null, attempt: 1, policy: DEFAULT_INSTALL_POLICY },
  });
  const before = { ...NOTHING_INSTALLED, release: { counter: 70, manifestSha256: "a".repeat(64) } };

  test("of a lower release is refused while the same authority signs, and begun when another one does", () => {
    const wanted = { type: "wanted", goal: goal(1, "b"), isServed: false } as const;
    expect(step(before, wanted, 0).effects).toEqual(["refuse"]);

    const { record, effects } = step(before, { type: "authority-changed" }, 0);

    expect([record, effects]).toEqual([{ ...before, release: null }, []]);
    expect(step(record, wanted, 0).effects).toEqual(["accept"]);
  });
});
