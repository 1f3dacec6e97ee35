import { FedgeError, type ModelName, type TaskId } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OPEN_ROUND_SUMMARY } from "../../journal-codec.js";
import type { DatabaseStore } from "../../drizzle-store.js";
import {
  COMMITTED_SUMMARY,
  namesOf,
  sampleEvents,
  sampleRound,
  sampleTaskConfig,
  sampleVersion,
  type SampleNames,
} from "../sample-records.js";

/**
 * What every control store does. One store serves all tests, each under names of its own.
 *
 * `open` is given two times the same store's place: the second instance is another aggregator on it, or the same
 * one where the place belongs to one process.
 */
export function describeControlStore(name: string, open: () => Promise<DatabaseStore>): void {
  describe(`control store on ${name}`, () => {
    let store: DatabaseStore;
    let tests = 0;
    beforeAll(async () => {
      store = await open();
    }, 120_000);
    afterAll(() => store.close(), 60_000);

    async function withTask(): Promise<SampleNames> {
      const names = namesOf(`${(tests += 1)}`);
      await store.createTask(sampleTaskConfig(names.taskId, names.model), 1000);
      return names;
    }
    async function withRound(): Promise<SampleNames> {
      const names = await withTask();
      await store.openRound(sampleRound(names));
      return names;
    }
    async function withVersion(): Promise<SampleNames> {
      const names = namesOf(`${(tests += 1)}`);
      await store.commitVersion({ version: sampleVersion(names), round: null });
      return names;
    }

    describe("tasks", () => {
      test("a new task runs and is read back field by field", async () => {
        const names = await withTask();

        expect(await store.getTask(names.taskId)).toEqual({
          config: sampleTaskConfig(names.taskId, names.model),
          status: "running",
          statusReason: null,
          createdAtMs: 1000,
          endedAtMs: null,
        });
      });

      test("an unknown task is undefined", async () => {
        expect(await store.getTask("no-such-task" as TaskId)).toBeUndefined();
      });

      test("a second task of an id is refused", async () => {
        const names = await withTask();
        const config = sampleTaskConfig(names.taskId, `${names.model}-2` as ModelName);

        await expect(store.createTask(config, 2000)).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
      });

      test.each(["running", "paused"] as const)(
        "a second task of a model is refused while one is %s",
        async (status) => {
          const names = await withTask();
          await store.setTaskStatus(names.taskId, { status, reason: null, atMs: 1500 });
          const second = sampleTaskConfig(`${names.taskId}-2` as TaskId, names.model);

          await expect(store.createTask(second, 2000)).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
          expect(await store.getTask(second.taskId)).toBeUndefined();
        },
      );

      test("a model whose task has ended takes another, and the ended one cannot run again", async () => {
        const names = await withTask();
        await store.setTaskStatus(names.taskId, {
          status: "completed",
          reason: "all rounds done",
          atMs: 1500,
        });

        await store.createTask(sampleTaskConfig(`${names.taskId}-2` as TaskId, names.model), 2000);

        expect(await store.getTask(names.taskId)).toMatchObject({
          status: "completed",
          statusReason: "all rounds done",
          endedAtMs: 1500,
        });
        const again = store.setTaskStatus(names.taskId, { status: "running", reason: null, atMs: 3000 });
        await expect(again).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
      });

      test("a paused task has not ended", async () => {
        const names = await withTask();

        await store.setTaskStatus(names.taskId, { status: "paused", reason: "by hand", atMs: 1500 });

        expect(await store.getTask(names.taskId)).toMatchObject({ status: "paused", endedAtMs: null });
      });

      test("the status of an unknown task cannot be set", async () => {
        const change = store.setTaskStatus("no-such-task" as TaskId, {
          status: "paused",
          reason: null,
          atMs: 1,
        });

        await expect(change).rejects.toMatchObject({ code: "TASK_UNKNOWN" });
      });

      test("are listed newest first, also when the clock stood still", async () => {
        const [first, second] = [await withTask(), await withTask()];

        const listed = (await store.listTasks()).map((task) => task.config.taskId);

        expect(listed.indexOf(second.taskId)).toBe(listed.indexOf(first.taskId) - 1);
      });
    });

    describe("rounds", () => {
      test("a task without rounds has none open", async () => {
        const names = await withTask();

        expect(await store.openRoundOf(names.taskId)).toBeUndefined();
        expect(await store.countRounds(names.taskId)).toBe(0);
      });

      test("an open round comes back with its journal in order", async () => {
        const names = await withRound();
        const events = sampleEvents(names);
        await store.appendEvents(names.roundId, 0, events.slice(0, 3));
        await store.appendEvents(names.roundId, 3, events.slice(3));

        expect(await store.openRoundOf(names.taskId)).toEqual({ round: sampleRound(names), events });
      });

      test("no events are no change", async () => {
        const names = await withRound();

        await store.appendEvents(names.roundId, 0, []);

        expect((await store.getRound(names.roundId))?.events).toEqual([]);
      });

      test("an event of a number that exists is refused, and so are those after it", async () => {
        const names = await withRound();
        const events = sampleEvents(names);
        await store.appendEvents(names.roundId, 0, events.slice(0, 2));

        await expect(store.appendEvents(names.roundId, 1, events.slice(2, 5))).rejects.toMatchObject({
          code: "VERSION_CONFLICT",
        });

        expect((await store.getRound(names.roundId))?.events).toEqual(events.slice(0, 2));
      });

      test("of two appends of the same number at one time exactly one succeeds", async () => {
        const names = await withRound();
        const [event] = sampleEvents(names);
        const append = () => store.appendEvents(names.roundId, 0, event === undefined ? [] : [event]);

        const results = await Promise.allSettled([append(), append()]);

        expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
      });

      test("an event that could not be read back is not written", async () => {
        const names = await withRound();
        const broken = { type: "stopped", atMs: Number.NaN, reason: "task-stopped" } as const;

        await expect(store.appendEvents(names.roundId, 0, [broken])).rejects.toMatchObject({
          code: "DATA_CORRUPT",
        });
      });

      test("events of an unknown round are refused", async () => {
        const { roundId, ...names } = namesOf("nowhere");
        const events = sampleEvents({ roundId, ...names });

        await expect(store.appendEvents(roundId, 0, events)).rejects.toMatchObject({ code: "ROUND_UNKNOWN" });
        await expect(store.updateRoundSummary(roundId, COMMITTED_SUMMARY)).rejects.toMatchObject({
          code: "ROUND_UNKNOWN",
        });
        expect(await store.getRound(roundId)).toBeUndefined();
      });

      test("a second open round of a task is refused until the first is over", async () => {
        const names = await withRound();
        const second = sampleRound(
          { ...names, ...namesOf(`${names.roundId}-2`), taskId: names.taskId },
          { number: 2 },
        );

        await expect(store.openRound(second)).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
        await store.updateRoundSummary(names.roundId, COMMITTED_SUMMARY);
        await store.openRound(second);

        expect((await store.openRoundOf(names.taskId))?.round).toEqual(second);
      });

      test("a number or id that exists is refused", async () => {
        const names = await withRound();
        await store.updateRoundSummary(names.roundId, COMMITTED_SUMMARY);
        const other = namesOf(`${names.roundId}-2`);

        const sameNumber = store.openRound(sampleRound({ ...names, roundId: other.roundId }));
        await expect(sameNumber).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
        const sameId = store.openRound(sampleRound(names, { number: 2 }));
        await expect(sameId).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
      });

      test("a round of an unknown task is refused", async () => {
        await expect(store.openRound(sampleRound(namesOf("nowhere")))).rejects.toMatchObject({
          code: "TASK_UNKNOWN",
        });
      });

      test("are listed oldest first with their summaries, by page", async () => {
        const names = await withRound();
        await store.updateRoundSummary(names.roundId, COMMITTED_SUMMARY);
        for (const number of [2, 3]) {
          const { roundId } = namesOf(`${names.roundId}-${number}`);
          await store.openRound(sampleRound({ ...names, roundId }, { number }));
          if (number === 2)
            await store.updateRoundSummary(roundId, { ...COMMITTED_SUMMARY, outcome: "abandoned" });
        }

        const all = await store.listRounds(names.taskId);

        expect(all.map((round) => [round.number, round.outcome])).toEqual([
          [1, "committed"],
          [2, "abandoned"],
          [3, "open"],
        ]);
        expect(all[0]).toEqual({ ...sampleRound(names), ...COMMITTED_SUMMARY });
        expect(all[2]).toMatchObject(OPEN_ROUND_SUMMARY);
        expect(await store.listRounds(names.taskId, { limit: 1, offset: 1 })).toEqual(all.slice(1, 2));
        expect(await store.countRounds(names.taskId)).toBe(3);
      });
    });

    describe("versions", () => {
      test("a round's commit is the version, the last event and the summary", async () => {
        const names = await withRound();
        const events = sampleEvents(names);
        await store.appendEvents(names.roundId, 0, events.slice(0, 7));
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
        await store.commitVersion({ version, round });

        expect(await store.getVersion(names.model, 2)).toEqual(version);
        expect(await store.openRoundOf(names.taskId)).toBeUndefined();
        expect(await store.getRound(names.roundId)).toEqual({
          round: { ...sampleRound(names), ...COMMITTED_SUMMARY },
          events,
        });
      });

      test("a commit that conflicts leaves nothing behind", async () => {
        const names = await withRound();
        await store.commitVersion({ version: sampleVersion(names, { version: 2 }), round: null });
        const event = { type: "version-committed", atMs: 8, version: 2 } as const;
        const round = { roundId: names.roundId, seq: 0, event, summary: COMMITTED_SUMMARY };

        const sameNumber = store.commitVersion({
          version: sampleVersion(names, { version: 2, roundId: names.roundId }),
          round,
        });
        await expect(sameNumber).rejects.toMatchObject({ code: "VERSION_CONFLICT" });

        expect(await store.getRound(names.roundId)).toEqual({
          round: { ...sampleRound(names), ...OPEN_ROUND_SUMMARY },
          events: [],
        });
      });

      test("a commit whose event number is taken makes no version", async () => {
        const names = await withRound();
        await store.appendEvents(names.roundId, 0, sampleEvents(names).slice(0, 1));
        const event = { type: "version-committed", atMs: 8, version: 2 } as const;
        const round = { roundId: names.roundId, seq: 0, event, summary: COMMITTED_SUMMARY };

        const commit = store.commitVersion({ version: sampleVersion(names, { version: 2 }), round });
        await expect(commit).rejects.toMatchObject({ code: "VERSION_CONFLICT" });

        expect(await store.getVersion(names.model, 2)).toBeUndefined();
      });

      test("a round makes one version", async () => {
        const names = await withRound();
        const { roundId } = names;
        await store.commitVersion({ version: sampleVersion(names, { roundId }), round: null });

        const second = store.commitVersion({
          version: sampleVersion(names, { version: 2, roundId }),
          round: null,
        });

        await expect(second).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
      });

      test("are listed oldest first, by page, and the latest is the highest number", async () => {
        const names = await withVersion();
        for (const version of [10, 2]) {
          await store.commitVersion({ version: sampleVersion(names, { version }), round: null });
        }

        const numbers = (await store.listVersions(names.model)).map((record) => record.version);
        const page = await store.listVersions(names.model, { limit: 1, offset: 1 });

        expect(numbers).toEqual([1, 2, 10]);
        expect(page.map((record) => record.version)).toEqual([2]);
        expect((await store.latestVersion(names.model))?.version).toBe(10);
        expect(await store.latestVersion("no-such-model" as ModelName)).toBeUndefined();
        expect(await store.listModels()).toContain(names.model);
      });

      test("an evaluation replaces the one on the same data", async () => {
        const names = await withVersion();
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
        await store.saveEvaluation(evaluation);
        await store.saveEvaluation({ ...evaluation, accuracy: 0.971, evaluatedAtMs: 2 });
        await store.saveEvaluation({ ...evaluation, dataSet: "fresh" });

        expect(await store.listEvaluations(names.model)).toEqual([
          { ...evaluation, dataSet: "fresh" },
          { ...evaluation, accuracy: 0.971, evaluatedAtMs: 2 },
        ]);
        await expect(store.saveEvaluation({ ...evaluation, version: 2 })).rejects.toMatchObject({
          code: "VERSION_UNKNOWN",
        });
      });

      test("releases count up over all models, also at one time, and the newest of each model is current", async () => {
        const [keyboard, emoji] = [await withVersion(), await withVersion()];

        const made = await Promise.all([
          store.release(keyboard.model, 1, 10),
          store.release(emoji.model, 1, 20),
          store.release(keyboard.model, 1, 30),
        ]);
        const last = await store.release(keyboard.model, 1, 40);

        const counters = made.map((release) => release.releaseCounter).sort((one, other) => one - other);
        expect(new Set(counters).size).toBe(3);
        expect(last.releaseCounter).toBe((counters[0] ?? 0) + 3);
        const current = await store.currentReleases();
        expect(current.filter((release) => release.model === keyboard.model)).toEqual([last]);
        expect(current.filter((release) => release.model === emoji.model)).toHaveLength(1);
      });

      test("a version that is not there cannot be released", async () => {
        const names = await withVersion();

        await expect(store.release(names.model, 2, 10)).rejects.toMatchObject({ code: "VERSION_UNKNOWN" });
      });
    });

    describe("devices", () => {
      async function enrolled(): Promise<SampleNames> {
        const names = namesOf(`${(tests += 1)}`);
        await store.enrolDevice({ deviceId: names.deviceId, publicKey: "key", atMs: 100 });
        return names;
      }

      test("a new device is offline and has said nothing yet", async () => {
        const { deviceId } = await enrolled();

        expect(await store.getDevice(deviceId)).toEqual({
          deviceId,
          publicKey: "key",
          enrolledAtMs: 100,
          lastSeenAtMs: 100,
          presence: "offline",
          session: 0,
          runtimeVersion: "",
          engine: "",
          platform: "",
          serving: {},
          attributes: {},
          untrusting: null,
          tags: [],
          decommissionedAtMs: null,
        });
      });

      test("enrolling again changes nothing; another key is refused", async () => {
        const { deviceId } = await enrolled();
        await store.updateDevice(deviceId, { engine: "onnx" });

        const again = await store.enrolDevice({ deviceId, publicKey: "key", atMs: 900 });

        expect(again).toMatchObject({ enrolledAtMs: 100, engine: "onnx" });
        const other = store.enrolDevice({ deviceId, publicKey: "other", atMs: 900 });
        await expect(other).rejects.toMatchObject({ code: "ACCESS_DENIED" });
      });

      test("a change of an older session is passed over", async () => {
        const { deviceId } = await enrolled();
        await store.updateDevice(deviceId, { session: 7, presence: "online" });

        const late = await store.updateDevice(deviceId, { session: 6, presence: "lost" });
        const same = await store.updateDevice(deviceId, { session: 7, presence: "sleeping" });

        expect(late).toMatchObject({ session: 7, presence: "online" });
        expect(same).toMatchObject({ session: 7, presence: "sleeping" });
      });

      test("a change without a session always applies, and one without fields reads", async () => {
        const { deviceId } = await enrolled();
        await store.updateDevice(deviceId, { session: 7 });

        await store.updateDevice(deviceId, { lastSeenAtMs: 500 });

        expect(await store.updateDevice(deviceId, {})).toMatchObject({ session: 7, lastSeenAtMs: 500 });
      });

      test("a deleted device is unknown, and deleting it again is no error", async () => {
        const { deviceId } = await enrolled();
        const draft = { actor: deviceId, action: "device.forget", subject: deviceId, details: {} };
        const entry = { draft, atMs: 1000 };
        await store.deleteDevice(deviceId, entry);
        await store.deleteDevice(deviceId, entry);

        expect(await store.getDevice(deviceId)).toBeUndefined();
        expect(await store.acceptTokenTimestamp(deviceId, 9_000_000_000_000)).toBe(false);
      });

      test("an unknown device is undefined", async () => {
        const { deviceId } = namesOf("nowhere");

        expect(await store.getDevice(deviceId)).toBeUndefined();
        expect(await store.updateDevice(deviceId, { presence: "online" })).toBeUndefined();
        expect(await store.acceptTokenTimestamp(deviceId, 1)).toBe(false);
      });

      test("are counted by presence and by what they serve", async () => {
        const before = await store.countDevices();
        const [ana, bo] = [await enrolled(), await enrolled()];
        const [keyboard, emoji] = [3, 1].map((version) => ({ version, manifestSha256: null }));
        await store.updateDevice(ana.deviceId, {
          presence: "online",
          serving: { keyboard: keyboard!, emoji: emoji! },
        });
        await store.updateDevice(bo.deviceId, {
          serving: { keyboard: { version: 3, manifestSha256: "00" } },
        });

        const after = await store.countDevices();

        expect(after.total - before.total).toBe(2);
        expect((after.byPresence["online"] ?? 0) - (before.byPresence["online"] ?? 0)).toBe(1);
        expect(after.byServing).toMatchObject({ "keyboard@3": 2, "emoji@1": 1 });
        const listed = (await store.listDevices()).map((device) => device.deviceId);
        expect(listed).toContain(ana.deviceId);
        expect(await store.listDevices({ limit: 1, offset: 0 })).toHaveLength(1);
      });

      test("are counted by why they believe nothing new, as long as they are in service", async () => {
        const before = await store.countDevices();
        const [ana, bo, chen] = [await enrolled(), await enrolled(), await enrolled()];
        for (const { deviceId } of [ana, bo, chen])
          await store.updateDevice(deviceId, { untrusting: "METADATA_EXPIRED" });
        await store.updateDevice(bo.deviceId, { untrusting: null });
        await store.updateDevice(chen.deviceId, { decommissionedAtMs: 7 });

        const after = await store.countDevices();

        const countOf = (counts: typeof after): number => counts.untrusting["METADATA_EXPIRED"] ?? 0;
        expect(countOf(after) - countOf(before)).toBe(1);
        expect((await store.getDevice(ana.deviceId))?.untrusting).toBe("METADATA_EXPIRED");
      });

      test("a token timestamp is accepted once and only if newer, also when two come at one time", async () => {
        const { deviceId } = await enrolled();

        const both = [1000, 1000].map((atMs) => store.acceptTokenTimestamp(deviceId, atMs));
        const first = await Promise.all(both);

        expect(first.sort()).toEqual([false, true]);
        expect(await store.acceptTokenTimestamp(deviceId, 999)).toBe(false);
        expect(await store.acceptTokenTimestamp(deviceId, 1001)).toBe(true);
      });
    });

    test("errors are of the one class", async () => {
      await expect(store.release("no-such-model" as ModelName, 1, 1)).rejects.toBeInstanceOf(FedgeError);
    });
  });
}
