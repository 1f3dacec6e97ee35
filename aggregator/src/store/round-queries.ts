import { FedgeError, type RoundId, type TaskId } from "@fedge/protocol";
import { and, asc, count, eq } from "drizzle-orm";
import type { JournalEvent, RoundRecord, RoundSummary } from "../rounds/journal.js";
import { NO_PAGE, type Database } from "./database.js";
import { asStoreOperation, type ConstraintErrors } from "./database-errors.js";
import { OPEN_ROUND_SUMMARY, decodeJournalEvent, decodeRoundSummary } from "./journal-codec.js";
import type { ControlStore } from "./port.js";
import { roundOf, storedRoundOf } from "./row-codec.js";
import { roundEvents, rounds } from "./schema.js";
import { unknownTask } from "./task-queries.js";

type RoundQueries = Pick<
  ControlStore,
  | "openRound"
  | "openRoundOf"
  | "appendEvents"
  | "updateRoundSummary"
  | "listRounds"
  | "getRound"
  | "countRounds"
>;

export function roundQueries(database: Database): RoundQueries {
  return {
    openRound: (round) => openRound(database, round),
    openRoundOf: (taskId) => openRoundOf(database, taskId),
    appendEvents: (roundId, firstSeq, events) =>
      asStoreOperation("append to a round's journal", eventConflicts(roundId), () =>
        insertEvents(database, { roundId, firstSeq, events }),
      ),
    updateRoundSummary: (roundId, summary) =>
      asStoreOperation("save a round's summary", {}, () => saveSummary(database, roundId, summary)),
    listRounds: (taskId, page = NO_PAGE) =>
      asStoreOperation("list rounds", {}, async () => {
        const ofTask = database.select().from(rounds).where(eq(rounds.taskId, taskId));
        return (await ofTask.orderBy(asc(rounds.number)).limit(page.limit).offset(page.offset)).map(
          storedRoundOf,
        );
      }),
    getRound: (roundId) => getRound(database, roundId),
    countRounds: (taskId) =>
      asStoreOperation("count rounds", {}, async () => {
        const [row] = await database.select({ total: count() }).from(rounds).where(eq(rounds.taskId, taskId));
        return row?.total ?? 0;
      }),
  };
}

async function openRound(database: Database, round: RoundRecord): Promise<void> {
  const { roundId, taskId, number, baseVersion, openedAtMs } = round;
  const conflict = (message: string) => () => new FedgeError("TASK_STATE_CONFLICT", message);
  const conflicts = {
    rounds_pkey: conflict(`round ${roundId} exists`),
    rounds_number_once_per_task: conflict(`task ${taskId} already has a round ${number}`),
    rounds_one_open_per_task: conflict(
      `task ${taskId} already has an open round; it closes before the next opens`,
    ),
    rounds_task_id_tasks_task_id_fk: () => unknownTask(taskId),
  };
  await asStoreOperation("open a round", conflicts, async () => {
    await database.insert(rounds).values({
      roundId,
      taskId,
      number,
      baseVersion,
      openedAtMs,
      isOpen: true,
      summary: OPEN_ROUND_SUMMARY,
    });
  });
}

async function openRoundOf(database: Database, taskId: TaskId) {
  return asStoreOperation("read the open round", {}, async () => {
    const [row] = await database
      .select()
      .from(rounds)
      .where(and(eq(rounds.taskId, taskId), rounds.isOpen));
    if (row === undefined) return undefined;
    const round = roundOf(row);
    return { round, events: await readEvents(database, round.roundId) };
  });
}

async function getRound(database: Database, roundId: RoundId) {
  return asStoreOperation("read a round", {}, async () => {
    const [row] = await database.select().from(rounds).where(eq(rounds.roundId, roundId));
    return row === undefined
      ? undefined
      : { round: storedRoundOf(row), events: await readEvents(database, roundId) };
  });
}

async function readEvents(database: Database, roundId: RoundId): Promise<JournalEvent[]> {
  const ofRound = database.select().from(roundEvents).where(eq(roundEvents.roundId, roundId));
  return (await ofRound.orderBy(asc(roundEvents.seq))).map((row) => decodeJournalEvent(row.event));
}

/** One statement, so that either all events are there or none. Checked here too: what is written must be readable. */
export async function insertEvents(
  database: Database,
  append: { readonly roundId: RoundId; readonly firstSeq: number; readonly events: readonly JournalEvent[] },
): Promise<void> {
  const { roundId, firstSeq, events } = append;
  if (events.length === 0) return;
  await database
    .insert(roundEvents)
    .values(
      events.map((event, index) => ({ roundId, seq: firstSeq + index, event: decodeJournalEvent(event) })),
    );
}

/** Throws ROUND_UNKNOWN. */
export async function saveSummary(
  database: Database,
  roundId: RoundId,
  summary: RoundSummary,
): Promise<void> {
  const changed = await database
    .update(rounds)
    .set({ summary: decodeRoundSummary(summary), isOpen: summary.outcome === "open" })
    .where(eq(rounds.roundId, roundId))
    .returning({ roundId: rounds.roundId });
  if (changed.length === 0) throw unknownRound(roundId);
}

export function eventConflicts(roundId: RoundId): ConstraintErrors {
  return {
    round_events_seq_once_per_round: () =>
      new FedgeError(
        "VERSION_CONFLICT",
        `round ${roundId} already has an event of this number; another aggregator runs it. Stop one of them.`,
      ),
    round_events_round_id_rounds_round_id_fk: () => unknownRound(roundId),
  };
}

function unknownRound(roundId: RoundId): FedgeError {
  return new FedgeError(
    "ROUND_UNKNOWN",
    `there is no round ${roundId}; list the task's rounds to see their ids`,
  );
}
