import { describe, expect, test } from "vitest";
import { OPEN_ROUND_SUMMARY } from "../../journal-codec.js";
import { COMMITTED_SUMMARY, namesOf, sampleEvents, sampleRound } from "../sample-records.js";
import type { StoreWorld } from "./store-world.js";

/** What every control store does with rounds. */
export function describeRounds(world: StoreWorld): void {
  describe("rounds", () => {
    test("a task without rounds has none open", async () => {
      const names = await world.withTask();

      expect(await world.store.openRoundOf(names.taskId)).toBeUndefined();
      expect(await world.store.countRounds(names.taskId)).toBe(0);
    });

    test("an open round comes back with its journal in order", async () => {
      const names = await world.withRound();
      const events = sampleEvents(names);
      await world.store.appendEvents(names.roundId, 0, events.slice(0, 3));
      await world.store.appendEvents(names.roundId, 3, events.slice(3));

      expect(await world.store.openRoundOf(names.taskId)).toEqual({ round: sampleRound(names), events });
    });

    test("no events are no change", async () => {
      const names = await world.withRound();

      await world.store.appendEvents(names.roundId, 0, []);

      expect((await world.store.getRound(names.roundId))?.events).toEqual([]);
    });

    test("an event of a number that exists is refused, and so are those after it", async () => {
      const names = await world.withRound();
      const events = sampleEvents(names);
      await world.store.appendEvents(names.roundId, 0, events.slice(0, 2));

      await expect(world.store.appendEvents(names.roundId, 1, events.slice(2, 5))).rejects.toMatchObject({
        code: "VERSION_CONFLICT",
      });

      expect((await world.store.getRound(names.roundId))?.events).toEqual(events.slice(0, 2));
    });

    test("of two appends of the same number at one time exactly one succeeds", async () => {
      const names = await world.withRound();
      const [event] = sampleEvents(names);
      const append = () => world.store.appendEvents(names.roundId, 0, event === undefined ? [] : [event]);

      const results = await Promise.allSettled([append(), append()]);

      expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    test("an event that could not be read back is not written", async () => {
      const names = await world.withRound();
      const broken = { type: "stopped", atMs: Number.NaN, reason: "task-stopped" } as const;

      await expect(world.store.appendEvents(names.roundId, 0, [broken])).rejects.toMatchObject({
        code: "DATA_CORRUPT",
      });
    });

    test("events of an unknown round are refused", async () => {
      const { roundId, ...names } = namesOf("nowhere");
      const events = sampleEvents({ roundId, ...names });

      await expect(world.store.appendEvents(roundId, 0, events)).rejects.toMatchObject({
        code: "ROUND_UNKNOWN",
      });
      await expect(world.store.updateRoundSummary(roundId, COMMITTED_SUMMARY)).rejects.toMatchObject({
        code: "ROUND_UNKNOWN",
      });
      expect(await world.store.getRound(roundId)).toBeUndefined();
    });

    test("a second open round of a task is refused until the first is over", async () => {
      const names = await world.withRound();
      const second = sampleRound(
        { ...names, ...namesOf(`${names.roundId}-2`), taskId: names.taskId },
        { number: 2 },
      );

      await expect(world.store.openRound(second)).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
      await world.store.updateRoundSummary(names.roundId, COMMITTED_SUMMARY);
      await world.store.openRound(second);

      expect((await world.store.openRoundOf(names.taskId))?.round).toEqual(second);
    });

    test("a number or id that exists is refused", async () => {
      const names = await world.withRound();
      await world.store.updateRoundSummary(names.roundId, COMMITTED_SUMMARY);
      const other = namesOf(`${names.roundId}-2`);

      const sameNumber = world.store.openRound(sampleRound({ ...names, roundId: other.roundId }));
      await expect(sameNumber).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
      const sameId = world.store.openRound(sampleRound(names, { number: 2 }));
      await expect(sameId).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
    });

    test("a round of an unknown task is refused", async () => {
      await expect(world.store.openRound(sampleRound(namesOf("nowhere")))).rejects.toMatchObject({
        code: "TASK_UNKNOWN",
      });
    });

    test("are listed oldest first with their summaries, by page", async () => {
      const names = await world.withRound();
      await world.store.updateRoundSummary(names.roundId, COMMITTED_SUMMARY);
      for (const number of [2, 3]) {
        const { roundId } = namesOf(`${names.roundId}-${number}`);
        await world.store.openRound(sampleRound({ ...names, roundId }, { number }));
        if (number === 2)
          await world.store.updateRoundSummary(roundId, { ...COMMITTED_SUMMARY, outcome: "abandoned" });
      }

      const all = await world.store.listRounds(names.taskId);

      expect(all.map((round) => [round.number, round.outcome])).toEqual([
        [1, "committed"],
        [2, "abandoned"],
        [3, "open"],
      ]);
      expect(all[0]).toEqual({ ...sampleRound(names), ...COMMITTED_SUMMARY });
      expect(all[2]).toMatchObject(OPEN_ROUND_SUMMARY);
      expect(await world.store.listRounds(names.taskId, { limit: 1, offset: 1 })).toEqual(all.slice(1, 2));
      expect(await world.store.countRounds(names.taskId)).toBe(3);
    });
  });
}
