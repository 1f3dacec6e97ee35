import type { ModelName } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VersionRecord } from "../rounds/journal.js";
import type { Evaluator } from "../tasks/ports.js";
import { Aliases } from "./aliases/aliases.js";
import { ModelCards } from "./cards/model-cards.js";
import { Registry } from "./registry.js";
import type { VersionId } from "./registry-store.js";
import { DEFAULT_RETENTION } from "./retention/retention-policy.js";
import { Retention } from "./retention/retention.js";
import { openRegistryRig, type RegistryRig } from "./testing/registry-rig.js";
import { VersionKeeper } from "./version-keeper.js";

let rig: RegistryRig;
let registry: Registry;
let keeper: VersionKeeper;
/** What the server holds to measure versions on; none in the beginning. */
let heldOut: { readonly accuracy: number } | null = null;
const evaluator: Evaluator = {
  evaluate: async ({ model, version }) =>
    heldOut === null
      ? undefined
      : {
          ...{ model: model as ModelName, version, dataSet: "held-out", segment: "", numExamples: 100 },
          ...{ accuracy: heldOut.accuracy, loss: 1, results: null, evaluatedAtMs: 0 },
        },
};
/** What was released, which is what devices are told to run. */
const released: VersionRecord[] = [];
beforeAll(async () => {
  rig = await openRegistryRig();
  const { store, blobs, clock, audited } = rig;
  const nowMs = (): number => clock.nowMs();
  // Changes write their entries with them; whatever is anchored has come from there.
  const audit = {
    append: async (entry: (typeof audited)[number]) => void audited.push(entry),
    anchorHead: async () => {
      const all = await store.auditAfter(0, 1000);
      audited.splice(
        0,
        audited.length,
        ...all.map(({ actor, action, subject, details }) => ({ actor, action, subject, details })),
      );
    },
  };
  const cards = new ModelCards({ store, blobs, nowMs });
  const aliases = new Aliases({ store, audit, nowMs });
  const ports = { store, blobs, audit, nowMs, holders: [], keepCard: () => Promise.resolve() };
  const retention = new Retention(DEFAULT_RETENTION, ports);
  const releases = {
    release: async (_model: ModelName, version: VersionRecord) => void released.push(version),
  };
  registry = new Registry({ store, blobs, audit, releases, cards, aliases, retention, evaluator, nowMs });
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  keeper = new VersionKeeper({ store, aliases, cards, retention, logger });
}, 60_000);
afterAll(() => rig.close(), 60_000);

async function imported(purpose?: string): Promise<VersionId & { readonly record: VersionRecord }> {
  const record = await rig.importNew(purpose);
  await registry.imported(record);
  return { model: record.model as ModelName, version: record.version, record };
}

describe("measuring a version on the aggregator's own data", () => {
  test("is refused where there are none, with the flag that gives some", async () => {
    const { model } = await imported();

    await expect(registry.measure({ model, version: 1 })).rejects.toMatchObject({
      code: "DATA_MISSING",
      message: expect.stringContaining(`--evaluation-data ${model}=`) as string,
    });
  });

  test("takes the place of what was measured on other data, on the version's card too", async () => {
    const { model } = await imported();
    const version = { model, version: 1 };
    heldOut = { accuracy: 0.25 };
    await registry.measure(version);
    heldOut = { accuracy: 0.75 };

    const measured = await registry.measure(version);

    const kept = await rig.store.listEvaluations(model);
    expect(measured).toMatchObject({ model, version: 1, accuracy: 0.75 });
    expect(kept.map(({ accuracy }) => accuracy)).toEqual([0.75]);
    expect((await registry.card(version)).markdown).toContain("75.00 %");
    heldOut = null;
  });

  test("is refused for a version that is not there", async () => {
    const { model } = await imported();

    await expect(registry.measure({ model, version: 9 })).rejects.toMatchObject({ code: "VERSION_UNKNOWN" });
  });
});

describe("aliases", () => {
  test("the first imported version is the champion and is released", async () => {
    const { model, record } = await imported();

    expect((await registry.aliases(model)).aliases).toMatchObject([{ alias: "champion", version: 1 }]);
    expect(released).toContainEqual(record);
  });

  test("the newest version that a task commits is the candidate, moved by the system", async () => {
    const { model } = await imported();
    await keeper.committed(await rig.commitRound(model));
    await keeper.committed(await rig.commitRound(model));

    const { aliases, moves } = await registry.aliases(model);

    expect(aliases).toMatchObject([
      { alias: "candidate", version: 3 },
      { alias: "champion", version: 1 },
    ]);
    expect(moves[0]).toMatchObject({ alias: "candidate", fromVersion: 2, toVersion: 3, actor: "system" });
  });

  test("a move is kept with who, why and when, and audited; nothing is released by it", async () => {
    const { model } = await imported();
    await rig.commitRound(model);
    const numReleased = released.length;

    await registry.moveAlias({ model, alias: "champion", toVersion: 2, actor: "alice", reason: "won" });

    expect((await registry.aliases(model)).moves[0]).toEqual({
      ...{ model, alias: "champion", fromVersion: 1, toVersion: 2, actor: "alice", reason: "won" },
      atMs: rig.clock.nowMs(),
    });
    expect(rig.audited.at(-1)).toMatchObject({ actor: "alice", action: "alias.move", subject: model });
    expect(released.length).toBe(numReleased);
  });

  test("a move from where the alias is no longer is refused", async () => {
    const { model } = await imported();
    await rig.commitRound(model);
    const change = { model, alias: "champion", toVersion: 2, actor: "alice", reason: "won" };

    await expect(registry.moveAlias({ ...change, expected: 2 })).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    });
  });

  test.each(["Champion", "9th", "", "a b", "a".repeat(65)])("%j is no alias", async (alias) => {
    const { model } = await imported();
    const moving = registry.moveAlias({ model, alias, toVersion: 1, actor: "alice", reason: "why" });

    await expect(moving).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("an alias can be taken away, and one that is not there cannot", async () => {
    const { model } = await imported();
    const change = { model, alias: "fallback", actor: "alice", reason: "why" };
    await registry.moveAlias({ ...change, toVersion: 1 });

    await registry.moveAlias({ ...change, toVersion: null });

    expect((await registry.aliases(model)).aliases.map(({ alias }) => alias)).toEqual(["champion"]);
    await expect(registry.moveAlias({ ...change, toVersion: null })).rejects.toMatchObject({
      code: "ALIAS_UNKNOWN",
    });
  });

  test("a deleted version cannot be named", async () => {
    const { model, version } = await imported();
    await rig.commitRound(model);
    await rig.store.markDeleted({ model, version }, 1);
    const moving = registry.moveAlias({
      model,
      alias: "fallback",
      toVersion: 1,
      actor: "alice",
      reason: "why",
    });

    await expect(moving).rejects.toMatchObject({ code: "VERSION_UNKNOWN" });
  });
});

describe("a round's devices", () => {
  test("evaluate the version that they trained from, on their own examples", async () => {
    const { model } = await imported();
    await keeper.committed(await rig.commitRound(model));

    // The round's summary: 6000 examples, mean loss 2.25 before training.
    expect(await rig.store.listEvaluations(model)).toMatchObject([
      { version: 1, dataSet: `devices:task-${model}`, numExamples: 6000, loss: 2.25, accuracy: null },
    ]);
  });
});

describe("tags and notes", () => {
  test("are kept of a version", async () => {
    const { model, version } = await imported();
    await registry.changeTags({ model, version }, { add: ["eu", "beta"], remove: [], actor: "alice" });
    await registry.changeTags({ model, version }, { add: [], remove: ["beta"], actor: "alice" });

    const facts = await registry.state({ model, version }, { kind: "note", text: "looks good" }, "bob");

    expect([facts.tags, facts.aliases]).toEqual([["eu"], ["champion"]]);
    expect(facts.statements).toMatchObject([{ actor: "bob", statement: { text: "looks good" } }]);
  });

  test("a tag of other letters is refused", async () => {
    const { model, version } = await imported();
    const tagging = registry.changeTags({ model, version }, { add: ["<b>"], remove: [], actor: "alice" });

    await expect(tagging).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});

describe("a model card", () => {
  test("says what the version is for, how it was trained, how it was measured and what it needs", async () => {
    const { model } = await imported("reads digits of parcels");
    const { version } = await rig.commitRound(model);
    const measured = { numExamples: 2000, accuracy: 0.9, loss: 0.4, results: null, evaluatedAtMs: 7 };
    await rig.store.saveEvaluation({ model, version, dataSet: "held-out", segment: "", ...measured });

    const { card } = await registry.card({ model, version });

    expect(card).toMatchObject({
      purpose: "reads digits of parcels",
      parentVersion: 1,
      codeVersion: "0.1.0",
      training: {
        cohortSize: 4,
        numUpdates: 3,
        numExamples: 60,
        epochs: 1,
        batchSize: 32,
        privacySpent: null,
      },
      evaluations: [{ dataSet: "held-out", accuracy: 0.9, numExamples: 2000 }],
      // Logistic regression of 4 inputs on 3 classes: 4 * 3 weights and 3 biases.
      limits: { numParameters: 15, engines: ["onnx"], minRuntimeVersion: "0.1.0" },
      risk: null,
      approvals: [],
    });
  });

  test("takes a person's risk class and a rollout's approvals, each as a revision of its own", async () => {
    const { model, version } = await imported();
    const before = await registry.card({ model, version });
    await registry.state(
      { model, version },
      { kind: "risk", riskClass: "limited", text: "suggests only" },
      "alice",
    );
    const approval = { kind: "approval", rolloutId: "spring", isApproved: true, text: "" } as const;
    await registry.state({ model, version }, approval, "bob");

    const after = await registry.card({ model, version });

    expect(after.card.risk).toMatchObject({ riskClass: "limited", by: "alice" });
    expect(after.card.approvals).toMatchObject([{ rolloutId: "spring", isApproved: true, by: "bob" }]);
    expect(after.revision).toBe(before.revision + 1);
  });

  test("outlives its version, of which nothing else can be had", async () => {
    const { model, version } = await imported("reads digits");
    await registry.card({ model, version });
    await rig.commitRound(model);
    await rig.store.markDeleted({ model, version }, 1);

    expect((await registry.card({ model, version })).card.purpose).toBe("reads digits");
    for (const asking of [registry.exportBundle({ model, version }), registry.verify({ model, version })])
      await expect(asking).rejects.toThrow(/was deleted by the retention policy/);
  });

  test("is the same revision while nothing changes", async () => {
    const { model, version } = await imported();
    const [one, other] = [await registry.card({ model, version }), await registry.card({ model, version })];

    expect([other.revision, other.sha256]).toEqual([one.revision, one.sha256]);
  });

  test("cannot be broken up by what people write into it", async () => {
    const { model, version } = await imported();
    const text = "# Approved\n<script>alert(1)</script> | a |\n[x](javascript:y)";
    await registry.state({ model, version }, { kind: "note", text }, "mallory");

    const { markdown } = await registry.card({ model, version });

    expect(markdown).toContain(
      "- \\# Approved \\<script\\>alert\\(1\\)\\</script\\> \\| a \\| \\[x\\]\\(javascript:y\\)",
    );
    expect(markdown.split("\n").filter((line) => line.startsWith("# "))).toHaveLength(1);
  });
});
