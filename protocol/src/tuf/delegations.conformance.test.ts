import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ClientRig } from "./testing/client-rig.js";
import { matchesPath } from "./path-pattern.js";
import type { MutableDelegation } from "./testing/simulated-repository.js";

type Delegation = readonly [delegator: string, name: string, more?: Partial<MutableDelegation>];

const TERMINATING = { terminating: true };
const PYTHON = { paths: ["*.py"] };

const GRAPHS: readonly (readonly [string, readonly Delegation[], readonly string[]])[] = [
  ["one role", [["targets", "A"]], ["A"]],
  [
    "two roles",
    [
      ["targets", "A"],
      ["targets", "B"],
    ],
    ["A", "B"],
  ],
  [
    "two levels",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["B", "C"],
    ],
    ["A", "B", "C"],
  ],
  [
    "the children of a role before its sibling",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["A", "C"],
      ["A", "D"],
    ],
    ["A", "C", "D", "B"],
  ],
  [
    "three levels before a sibling",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["A", "C"],
      ["C", "D"],
    ],
    ["A", "C", "D", "B"],
  ],
  [
    "nothing after a terminating role",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["A", "C", TERMINATING],
      ["A", "D"],
    ],
    ["A", "C"],
  ],
  [
    "only the children of a terminating role",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["A", "C", TERMINATING],
      ["C", "D"],
    ],
    ["A", "C", "D"],
  ],
  [
    "no branch of another path",
    [
      ["targets", "A", PYTHON],
      ["targets", "B"],
      ["A", "C"],
    ],
    ["B"],
  ],
  [
    "no branch of another path below",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["A", "C", PYTHON],
      ["C", "D"],
    ],
    ["A", "B"],
  ],
  [
    "each role of a circle once",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["B", "C"],
      ["C", "D"],
      ["D", "B"],
    ],
    ["A", "B", "C", "D"],
  ],
  [
    "a shared role where it comes first",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["B", "C"],
      ["A", "C"],
    ],
    ["A", "C", "B"],
  ],
  [
    "a shared role where the path matches",
    [
      ["targets", "A"],
      ["targets", "B"],
      ["B", "C"],
      ["A", "C", PYTHON],
    ],
    ["A", "B", "C"],
  ],
];

async function rigOf(delegations: readonly Delegation[]): Promise<ClientRig> {
  const rig = await ClientRig.open();
  for (const [delegator, name, more] of delegations)
    await rig.repository.delegate(delegator, { name, ...more });
  return rig;
}

async function publishAll(rig: ClientRig, delegations: readonly Delegation[]): Promise<void> {
  const names = new Set(delegations.map(([, name]) => name));
  await rig.repository.publish(...names, "targets", "snapshot", "timestamp");
}

/** Delegated roles that were asked for, in order. */
const visited = (rig: ClientRig): string[] =>
  rig.repository.asked.slice(4).map((name) => name.replace(/^\d+\./, ""));

describe("a search visits", () => {
  test.each(GRAPHS)("%s", async (_name, delegations, order) => {
    const rig = await rigOf(delegations);
    await publishAll(rig, delegations);

    expect(await rig.find("missingpath")).toBeUndefined();
    expect(visited(rig)).toEqual(order);
  });

  test("at most 33 roles", async () => {
    const delegations = Array.from({ length: 60 }, (_, at): Delegation => ["targets", `role-${at}`]);
    const rig = await rigOf(delegations);
    await publishAll(rig, delegations);

    expect(await rig.find("missingpath")).toBeUndefined();
    // The top-level role is one of them.
    expect(visited(rig)).toHaveLength(32);
  });

  test.each(["?", "#", "/delegatedrole", "../delegatedrole"])("a role with the name %s", async (name) => {
    const rig = await rigOf([["targets", name]]);
    await publishAll(rig, [["targets", name]]);

    expect(await rig.find("nonexistent target")).toBeUndefined();
    expect(Object.keys(rig.versions)).toHaveLength(5);
  });
});

describe("a target", () => {
  const TREE: readonly Delegation[] = [
    ["targets", "A", { paths: ["*.doc", "*.md"] }],
    ["targets", "B", { paths: ["releases/*/*"] }],
    ["B", "C", { paths: ["releases/x/*"] }],
    ["B", "D", { paths: ["releases/y/*.zip"] }],
  ];

  async function treeRig(): Promise<ClientRig> {
    const rig = await rigOf(TREE);
    await rig.repository.addArtifact("targetfile", "targetfile content");
    await rig.repository.addArtifact("README.md", "README by A", { role: "A" });
    await rig.repository.addArtifact("releases/x/x_v1", "x release by C", { role: "C" });
    await rig.repository.addArtifact("releases/y/y_v1.zip", "y release by D", { role: "D" });
    await rig.repository.addArtifact("releases/z/z_v1.zip", "z release by D", { role: "D" });
    await publishAll(rig, TREE);
    return rig;
  }

  test.each([
    ["of the top-level role", "targetfile", "targets", []],
    ["that a wildcard matches", "README.md", "A", ["A"]],
    ["below a folder", "releases/x/x_v1", "C", ["B", "C"]],
    ["below another folder", "releases/y/y_v1.zip", "D", ["B", "D"]],
  ])("%s is found", async (_name, path, role, order) => {
    const rig = await treeRig();

    expect(await rig.find(path)).toMatchObject({ path, role });
    expect(visited(rig)).toEqual(order);
  });

  test("that not every role on the way may sign is not found", async () => {
    const rig = await treeRig();

    expect(await rig.find("releases/z/z_v1.zip")).toBeUndefined();
    expect(visited(rig)).toEqual(["B"]);
  });

  test("is found by the beginning of the hash of its path", async () => {
    const prefix = createHash("sha256").update("some/where").digest("hex").slice(0, 2);
    const other = prefix === "00" ? "ff" : "00";
    const delegations: readonly Delegation[] = [
      ["targets", "A", { path_hash_prefixes: [other] }],
      ["targets", "B", { path_hash_prefixes: [prefix] }],
    ];
    const rig = await rigOf(delegations);
    await rig.repository.addArtifact("some/where", "content", { role: "B" });
    await publishAll(rig, delegations);

    expect(await rig.find("some/where")).toMatchObject({ role: "B" });
    expect(visited(rig)).toEqual(["B"]);
  });

  test("is not looked for beyond a role that its delegator's key did not sign", async () => {
    const rig = await rigOf([
      ["targets", "A"],
      ["targets", "B"],
    ]);
    await rig.repository.addArtifact("path", "content", { role: "B" });
    rig.repository.signers.set("A", rig.repository.signers.get("B") ?? []);
    await publishAll(rig, [
      ["targets", "A"],
      ["targets", "B"],
    ]);

    await expect(rig.find("path")).rejects.toMatchObject({ code: "METADATA_UNSIGNED" });
  });
});

describe("a delegation is malformed", () => {
  test.each<[string, Partial<MutableDelegation> & { name: string }]>([
    ["with the name of a top-level role", { name: "snapshot" }],
    ["with paths and prefixes of hashes", { name: "A", paths: ["*"], path_hash_prefixes: ["00"] }],
  ])("%s", async (_name, delegation) => {
    const rig = await ClientRig.open();
    await rig.repository.delegate("targets", delegation);
    await rig.repository.publish("targets", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_MALFORMED" });
  });
});

test("succinct hash bins are refused by their name, with what serves in their place", async () => {
  const rig = await ClientRig.open();
  const succinct_roles = { keyids: [], threshold: 1, bit_length: 8, name_prefix: "bin" };
  Object.assign(rig.repository.targets(), { delegations: { keys: {}, succinct_roles } });
  await rig.repository.publish("targets", "snapshot", "timestamp");

  await expect(rig.refresh()).rejects.toMatchObject({
    code: "METADATA_MALFORMED",
    message: expect.stringMatching(/succinct_roles.*path_hash_prefixes/) as string,
  });
});

describe("a pattern", () => {
  test.each([
    ["*", "file", true],
    ["*", "folder/file", false],
    ["folder/*", "folder/file", true],
    ["*.zip", "a.zip", true],
    ["*.zip", "a.zip.exe", false],
    ["?.txt", "a.txt", true],
    ["?.txt", ".txt", false],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "aXbYbZ", false],
    ["exact", "exact", true],
    ["exact", "exactly", false],
    ["", "", true],
  ])("%s and the path %s: %s", (pattern, path, isMatch) => {
    expect(matchesPath(pattern, path)).toBe(isMatch);
  });
});
