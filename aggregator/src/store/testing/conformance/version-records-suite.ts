import type { ModelName } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { OPEN_ROUND_SUMMARY } from "../../journal-codec.js";
import { COMMITTED_SUMMARY, sampleEvents, sampleRound, sampleVersion } from "../sample-records.js";
import type { StoreWorld } from "./store-world.js";

/** What every control store does with versions. */
export function describeVersions(world: StoreWorld): void {
  describe("versions", () => {
    test("a round's commit is the version, the last event and the summary", async () => {
      const names = await world.withRound();
      const events = sampleEvents(names);
      await world.store.appendEvents(names.roundId, 0, events.slice(0, 7));
      const version = sampleVersion(names, {
        version: 2,
        parentVersion: 1,
        optimizerState: { sha256: sampleVersion(names).manifest.sha256, sizeBytes: 10 },
        taskId: names.taskId,
        roundId: names.roundId,
        numUpdates: 10,
        numExamples: 6_000_000_000,
      });

      const event = { type: "version-committed", atMs: 8, version: 2 } as const;
      const round = { roundId: names.roundId, seq: 7, event, summary: COMMITTED_SUMMARY };
      await world.store.commitVersion({ version, round });

      expect(await world.store.getVersion(names.model, 2)).toEqual(version);
      expect(await world.store.openRoundOf(names.taskId)).toBeUndefined();
      expect(await world.store.getRound(names.roundId)).toEqual({
        round: { ...sampleRound(names), ...COMMITTED_SUMMARY },
        events,
      });
    });

    test("a commit that conflicts leaves nothing behind", async () => {
      const names = await world.withRound();
      await world.store.commitVersion({ version: sampleVersion(names, { version: 2 }), round: null });
      const event = { type: "version-committed", atMs: 8, version: 2 } as const;
      const round = { roundId: names.roundId, seq: 0, event, summary: COMMITTED_SUMMARY };

      const sameNumber = world.store.commitVersion({
        version: sampleVersion(names, { version: 2, roundId: names.roundId }),
        round,
      });
      await expect(sameNumber).rejects.toMatchObject({ code: "VERSION_CONFLICT" });

      expect(await world.store.getRound(names.roundId)).toEqual({
        round: { ...sampleRound(names), ...OPEN_ROUND_SUMMARY },
        events: [],
      });
    });

    test("a commit whose event number is taken makes no version", async () => {
      const names = await world.withRound();
      await world.store.appendEvents(names.roundId, 0, sampleEvents(names).slice(0, 1));
      const event = { type: "version-committed", atMs: 8, version: 2 } as const;
      const round = { roundId: names.roundId, seq: 0, event, summary: COMMITTED_SUMMARY };

      const commit = world.store.commitVersion({ version: sampleVersion(names, { version: 2 }), round });
      await expect(commit).rejects.toMatchObject({ code: "VERSION_CONFLICT" });

      expect(await world.store.getVersion(names.model, 2)).toBeUndefined();
    });

    test("a round makes one version", async () => {
      const names = await world.withRound();
      const { roundId } = names;
      await world.store.commitVersion({ version: sampleVersion(names, { roundId }), round: null });

      const second = world.store.commitVersion({
        version: sampleVersion(names, { version: 2, roundId }),
        round: null,
      });

      await expect(second).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
    });

    test("are listed oldest first, by page, and the latest is the highest number", async () => {
      const names = await world.withVersion();
      for (const version of [10, 2]) {
        await world.store.commitVersion({ version: sampleVersion(names, { version }), round: null });
      }

      const numbers = (await world.store.listVersions(names.model)).map((record) => record.version);
      const page = await world.store.listVersions(names.model, { limit: 1, offset: 1 });

      expect(numbers).toEqual([1, 2, 10]);
      expect(page.map((record) => record.version)).toEqual([2]);
      expect((await world.store.latestVersion(names.model))?.version).toBe(10);
      expect(await world.store.latestVersion("no-such-model" as ModelName)).toBeUndefined();
      expect(await world.store.listModels()).toContain(names.model);
    });

    test("an evaluation replaces the one on the same data", async () => {
      const names = await world.withVersion();
      const evaluation = {
        model: names.model,
        version: 1,
        dataSet: "held-out",
        segment: "",
        results: null,
        numExamples: 10_000,
        accuracy: null,
        loss: 2.302585092994046,
        evaluatedAtMs: 1,
      };
      await world.store.saveEvaluation(evaluation);
      await world.store.saveEvaluation({ ...evaluation, accuracy: 0.971, evaluatedAtMs: 2 });
      await world.store.saveEvaluation({ ...evaluation, dataSet: "fresh" });

      expect(await world.store.listEvaluations(names.model)).toEqual([
        { ...evaluation, dataSet: "fresh" },
        { ...evaluation, accuracy: 0.971, evaluatedAtMs: 2 },
      ]);
      await expect(world.store.saveEvaluation({ ...evaluation, version: 2 })).rejects.toMatchObject({
        code: "VERSION_UNKNOWN",
      });
    });

    test("releases count up over all models, also at one time, and the newest of each model is current", async () => {
      const [keyboard, emoji] = [await world.withVersion(), await world.withVersion()];

      const made = await Promise.all([
        world.store.release(keyboard.model, 1, 10),
        world.store.release(emoji.model, 1, 20),
        world.store.release(keyboard.model, 1, 30),
      ]);
      const last = await world.store.release(keyboard.model, 1, 40);

      const counters = made.map((release) => release.releaseCounter).sort((one, other) => one - other);
      expect(new Set(counters).size).toBe(3);
      expect(last.releaseCounter).toBe((counters[0] ?? 0) + 3);
      const current = await world.store.currentReleases();
      expect(current.filter((release) => release.model === keyboard.model)).toEqual([last]);
      expect(current.filter((release) => release.model === emoji.model)).toHaveLength(1);
    });

    test("a model's past releases are given newest first, and say that no rollout made them", async () => {
      const [keyboard, emoji] = [await world.withVersion(), await world.withVersion()];
      const first = await world.store.release(keyboard.model, 1, 10);
      await world.store.release(emoji.model, 1, 20);
      const second = await world.store.release(keyboard.model, 1, 30);

      const ofRollout = { rolloutId: null };
      expect(await world.store.pastReleases(keyboard.model, 5)).toEqual([
        { ...second, ...ofRollout },
        { ...first, ...ofRollout },
      ]);
      expect(await world.store.pastReleases(keyboard.model, 1)).toEqual([{ ...second, ...ofRollout }]);
    });

    test("a version that is not there cannot be released", async () => {
      const names = await world.withVersion();

      await expect(world.store.release(names.model, 2, 10)).rejects.toMatchObject({
        code: "VERSION_UNKNOWN",
      });
    });
  });
}
