import type { Sha256 } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VersionId } from "../../../registry/registry-store.js";
import type { DatabaseStore } from "../../drizzle-store.js";
import { namesOf, sampleVersion } from "../sample-records.js";

const blob = (digit: string) => ({ sha256: digit.repeat(64) as Sha256, sizeBytes: 7 });

/** What every registry store does. One store serves all tests, each under a model of its own. */
export function describeRegistryStore(name: string, open: () => Promise<DatabaseStore>): void {
  describe(`registry store on ${name}`, () => {
    let store: DatabaseStore;
    let tests = 0;
    beforeAll(async () => {
      store = await open();
    }, 120_000);
    afterAll(() => store.close(), 60_000);

    /** A new model with versions 1 and 2. */
    async function model(): Promise<VersionId> {
      const names = namesOf(`registry-${(tests += 1)}`);
      for (const version of [1, 2])
        await store.commitVersion({
          version: sampleVersion(names, { version, finalSum: blob("f") }),
          round: null,
        });
      return { model: names.model, version: 1 };
    }
    const moved = { alias: "champion", actor: "alice", reason: "better", atMs: 5 };

    test("an alias is where it was moved to last, and every move is kept, newest first", async () => {
      const { model: name } = await model();
      await store.moveAlias({ model: name, toVersion: 1, ...moved });
      const second = await store.moveAlias({ model: name, toVersion: 2, ...moved, atMs: 6 });

      expect(await store.listAliases(name)).toEqual([{ alias: "champion", version: 2, movedAtMs: 6 }]);
      expect(second).toEqual({ model: name, fromVersion: 1, toVersion: 2, ...moved, atMs: 6 });
      expect((await store.aliasMoves(name)).map(({ toVersion }) => toVersion)).toEqual([2, 1]);
    });

    test("a move to where the alias is leaves no trace", async () => {
      const { model: name } = await model();
      await store.moveAlias({ model: name, toVersion: 1, ...moved });

      expect(await store.moveAlias({ model: name, toVersion: 1, ...moved })).toBeUndefined();
      expect(await store.aliasMoves(name)).toHaveLength(1);
    });

    test("an alias that is taken away is gone, and its moves stay", async () => {
      const { model: name } = await model();
      await store.moveAlias({ model: name, toVersion: 1, ...moved });
      await store.moveAlias({ model: name, toVersion: null, ...moved });

      expect(await store.listAliases(name)).toEqual([]);
      expect((await store.aliasMoves(name)).map(({ toVersion }) => toVersion)).toEqual([null, 1]);
    });

    test("an alias of a version that does not exist is refused, and nothing is recorded", async () => {
      const { model: name } = await model();

      const moving = store.moveAlias({ model: name, toVersion: 3, ...moved });

      await expect(moving).rejects.toMatchObject({ code: "VERSION_UNKNOWN" });
      expect(await store.aliasMoves(name)).toEqual([]);
    });

    test("of two moves from the same place at once, one is refused", async () => {
      const { model: name } = await model();
      await store.moveAlias({ model: name, toVersion: 1, ...moved });
      const move = (alias: string) =>
        store.moveAlias({ model: name, toVersion: 2, ...moved, alias, expected: 1 });

      const results = await Promise.allSettled([move("champion"), move("champion")]);

      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(await store.aliasMoves(name)).toHaveLength(2);
    });

    test("tags are a set of each version", async () => {
      const version = await model();
      await store.changeTags(version, { add: ["b", "a", "a"], remove: [] });
      await store.changeTags(version, { add: ["c"], remove: ["b", "unknown"] });

      expect(await store.listTags(version.model)).toEqual([
        { version: 1, tag: "a" },
        { version: 1, tag: "c" },
      ]);
    });

    test("statements are kept in their order", async () => {
      const version = await model();
      const note = { actor: "alice", statement: { kind: "note", text: "first" }, atMs: 9 } as const;
      const risk = {
        actor: "bob",
        statement: { kind: "risk", riskClass: "high", text: "" },
        atMs: 1,
      } as const;
      await store.addStatement(version, note);
      await store.addStatement(version, risk);

      expect(await store.listStatements(version)).toEqual([note, risk]);
    });

    test("a statement on a version that does not exist is refused", async () => {
      const { model: name } = await model();
      const note = { actor: "alice", statement: { kind: "note", text: "first" }, atMs: 9 } as const;

      const saying = store.addStatement({ model: name, version: 3 }, note);

      await expect(saying).rejects.toMatchObject({ code: "VERSION_UNKNOWN" });
    });

    test("a card becomes a revision when it differs from the newest", async () => {
      const version = await model();
      await store.saveCard(version, blob("a"), 1);
      await store.saveCard(version, blob("a"), 2);
      await store.saveCard(version, blob("b"), 3);
      await store.saveCard(version, blob("a"), 4);

      expect(await store.listCards(version)).toEqual([
        { revision: 1, card: blob("a"), atMs: 1 },
        { revision: 2, card: blob("b"), atMs: 3 },
        { revision: 3, card: blob("a"), atMs: 4 },
      ]);
    });

    test("a deleted version keeps its record and is marked once", async () => {
      const version = await model();
      const first = await store.markDeleted(version, 7);
      const again = await store.markDeleted(version, 8);

      expect([first, again]).toEqual([true, false]);
      expect(await store.getVersion(version.model, 1)).toMatchObject({ deletedAtMs: 7, finalSum: blob("f") });
    });

    test("the key that signed a version first is kept with its origin, which stays", async () => {
      const version = await model();
      const before = await store.getVersion(version.model, 1);
      await store.noteSigner(version, "first-key");
      await store.noteSigner(version, "second-key");

      const { provenance } = (await store.getVersion(version.model, 1)) ?? {};
      expect(provenance).toEqual({ ...before?.provenance, signer: "first-key" });
    });

    test("versions whose sum is kept are listed newest first, without deleted and forgotten ones", async () => {
      const version = await model();
      const listed = async (): Promise<number[]> =>
        (await store.versionsWithSum(version.model)).map((record) => record.version);
      const all = await listed();
      await store.markDeleted(version, 7);
      const kept = await listed();
      await store.forgetSum({ ...version, version: 2 });

      expect([all, kept, await listed()]).toEqual([[2, 1], [2], []]);
    });

    test("an evaluation of a segment stands beside that of the whole set", async () => {
      const { model: name, version } = await model();
      const whole = { dataSet: "devices:spring", numExamples: 9, accuracy: 0.5, loss: 1, evaluatedAtMs: 1 };
      const evaluation = { model: name, version, ...whole, segment: "", results: null };
      const eu = { ...evaluation, segment: "tag = eu", numExamples: 4, results: blob("c") };
      await store.saveEvaluation(evaluation);
      await store.saveEvaluation(eu);

      expect(await store.listEvaluations(name)).toEqual([evaluation, eu]);
    });
  });
}
