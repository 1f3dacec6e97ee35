import { describe, expect, test } from "vitest";
import { ClientRig, newSigner } from "./testing/client-rig.js";

/** Keys, threshold and signatures of a version, by the numbers of the keys. */
type RootVersion = readonly [keys: readonly number[], threshold: number, signatures: readonly number[]];

const FIVE = [0, 1, 2, 3, 4];

const FOLLOWED: readonly (readonly [string, readonly RootVersion[]])[] = [
  [
    "one key of one",
    [
      [[1], 1, [1]],
      [[2], 1, [2, 1]],
      [[2], 1, [2]],
    ],
  ],
  [
    "one key of one among signatures of strangers",
    [
      [[1], 1, [3, 1, 4]],
      [[2], 1, [3, 2, 1, 4]],
      [[2], 1, [3, 2, 4]],
    ],
  ],
  [
    "three of five in other combinations",
    [
      [FIVE, 3, [0, 2, 4]],
      [FIVE, 3, [0, 4, 1]],
      [FIVE, 3, [0, 1, 3]],
    ],
  ],
  [
    "one of five keys",
    [
      [FIVE, 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 4, 1]],
    ],
  ],
  [
    "one of five keys with a step between",
    [
      [FIVE, 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 2, 4, 5]],
      [[0, 1, 3, 4, 5], 3, [0, 4, 5]],
    ],
  ],
  [
    "all of five keys with a step between",
    [
      [FIVE, 3, [0, 2, 4]],
      [[5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]],
      [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
    ],
  ],
  [
    "a threshold that rises",
    [
      [[1, 2, 3], 1, [1]],
      [[1, 2, 3], 2, [1, 2]],
    ],
  ],
  [
    "a threshold that falls",
    [
      [[1, 2, 3], 2, [1, 2]],
      [[1, 2, 3], 1, [1, 2]],
      [[1, 2, 3], 1, [1]],
    ],
  ],
  [
    "a threshold that rises with a new key",
    [
      [[1], 1, [1]],
      [[1, 2], 2, [1, 2]],
    ],
  ],
];

const REFUSED: readonly (readonly [string, readonly RootVersion[]])[] = [
  [
    "the old key did not sign",
    [
      [[1], 1, [1]],
      [[2], 1, [2, 3, 4]],
    ],
  ],
  [
    "the new key did not sign",
    [
      [[1], 1, [1]],
      [[2], 1, [1, 3, 4]],
    ],
  ],
  [
    "two of three new keys signed",
    [
      [FIVE, 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 2, 4]],
    ],
  ],
  [
    "two of three old keys signed",
    [
      [FIVE, 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 4, 5]],
    ],
  ],
  [
    "the new threshold is not reached",
    [
      [[1, 2, 3], 1, [1]],
      [[1, 2, 3], 2, [2]],
    ],
  ],
  [
    "the old threshold is not reached",
    [
      [[1, 2, 3], 2, [1, 2]],
      [[1, 2, 3], 1, [1]],
    ],
  ],
];

async function rigOf(versions: readonly RootVersion[]): Promise<ClientRig> {
  const rig = await ClientRig.open();
  const signers = await Promise.all(Array.from({ length: 10 }, newSigner));
  const pick = (numbers: readonly number[]) => signers.filter((_signer, at) => numbers.includes(at));
  rig.repository.published.delete("root");
  for (const [at, [keys, threshold, signatures]] of versions.entries()) {
    rig.repository.root.roles.root = { keyids: [], threshold };
    for (const signer of pick(keys)) rig.repository.trust("root", signer);
    rig.repository.signers.set("root", pick(signatures));
    rig.repository.root.version = at + 1;
    await rig.repository.republish("root");
  }
  await rig.trustRoot();
  return rig;
}

describe("a change of the root's keys", () => {
  test.each(FOLLOWED)("is followed: %s", async (_name, versions) => {
    const rig = await rigOf(versions);

    await rig.refresh();

    expect(rig.store.kept.get("root")).toEqual(rig.repository.bytes("root"));
  });

  test.each(REFUSED)("is refused when %s", async (_name, versions) => {
    const rig = await rigOf(versions);

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
    expect(rig.store.kept.get("root")).toEqual(rig.repository.bytes("root", versions.length - 1));
  });
});

const ROLES = ["timestamp", "snapshot", "targets"] as const;
const OTHERS: readonly (readonly [string, RootVersion, boolean])[] = [
  ["the new key", [[2], 1, [2]], true],
  ["its key among strangers", [[1], 1, [3, 1, 4]], true],
  ["strangers only", [[2], 1, [1, 3, 4]], false],
  ["two of three keys and a stranger", [[0, 1, 3, 4, 5], 3, [0, 2, 4]], false],
  ["two of three keys", [[0, 1, 3, 4, 5], 3, [0, 4]], false],
  ["the first three of five", [FIVE, 3, [0, 2, 4]], true],
  ["three others of five", [FIVE, 3, [1, 2, 3]], true],
  ["the last three of five", [FIVE, 3, [2, 3, 4]], true],
];

describe.each(ROLES)("a change of the keys of %s", (role) => {
  test.each(OTHERS)("with signatures of %s", async (_name, [keys, threshold, signatures], isBelieved) => {
    const rig = await ClientRig.open();
    const signers = await Promise.all(Array.from({ length: 6 }, newSigner));
    rig.repository.root.roles[role] = { keyids: [], threshold };
    for (const at of keys) rig.repository.trust(role, signers[at] as never);
    rig.repository.signers.set(
      role,
      signatures.map((at) => signers[at] as never),
    );
    await rig.repository.publish("root", "targets", "snapshot", "timestamp");

    const outcome = rig.refresh();

    if (isBelieved) {
      await outcome;
      expect(rig.store.kept.get(role)).toEqual(rig.repository.bytes(role));
    } else await expect(outcome).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });
});
