import { describe, expect, test } from "vitest";
import { HEARTBEAT_MS, LiveFeed, MIN_INTERVAL_MS } from "./live-feed.js";
import type { FeedMessage } from "./schema/overview-schema.js";
import { createAppDouble } from "./testing/app-double.js";
import { SAMPLE_ROLLOUT, sampleRollout } from "./testing/sample-rollouts.js";
import { SAMPLE_MODEL, SAMPLE_TASK, sampleRound, sampleTask, sampleVersion } from "./testing/sample-data.js";

async function openFeed() {
  const { service, clock, rollouts } = createAppDouble();
  const errors: string[] = [];
  await service.createTask(sampleTask());
  service.rounds = [1, 2, 3].map((number) => sampleRound(number));
  service.tasks = service.tasks.map((task) => ({ ...task, numRounds: 3 }));
  const feed = new LiveFeed({
    service,
    rollouts,
    clock,
    log: { error: (_details, message) => void errors.push(message) },
  });
  const messages: FeedMessage[] = [];
  const unsubscribe = await feed.subscribe((message) => messages.push(message));
  return { service, clock, rollouts, feed, messages, unsubscribe, errors };
}

/** Lets the double's resolved promises settle: a reading awaits a handful of them and no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** The feed after the reading that follows the history. */
async function settledFeed() {
  const opened = await openFeed();
  opened.clock.advance(MIN_INTERVAL_MS);
  await settle();
  opened.messages.length = 0;
  return opened;
}

const roundNumbers = (messages: readonly FeedMessage[]): number[][] =>
  messages.flatMap((message) =>
    message.event === "rounds" ? [message.data.rounds.map((round) => round.number)] : [],
  );

describe("a page that opens", () => {
  test("gets the overview, the rounds so far and the rollouts", async () => {
    const { messages } = await openFeed();

    expect(messages.map((message) => message.event)).toEqual(["overview", "rounds", "rollouts"]);
    expect(roundNumbers(messages)).toEqual([[1, 2, 3]]);
  });

  test("gets the versions of every model", async () => {
    const { service, feed } = await openFeed();
    service.versions = [sampleVersion(1, 0.1), sampleVersion(2, 0.2)];
    const messages: FeedMessage[] = [];

    await feed.subscribe((message) => messages.push(message));

    const versions = messages.find((message) => message.event === "versions");
    expect(versions?.data.versions.map((version) => version.version)).toEqual([1, 2]);
  });
});

describe("changes", () => {
  test("a thousand events within the interval are one reading", async () => {
    const { service, clock } = await settledFeed();
    const before = service.numOverviews;

    for (let index = 0; index < 1000; index += 1) {
      service.emit({ type: "round-changed", taskId: SAMPLE_TASK, roundId: sampleRound(3).roundId });
    }
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(service.numOverviews - before).toBe(1);
  });

  test("ten seconds of steady events are one reading at once and then five a second", async () => {
    const { service, clock } = await settledFeed();
    const before = service.numOverviews;

    for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 20) {
      service.emit({ type: "fleet-changed" });
      clock.advance(20);
      await settle();
    }

    expect(service.numOverviews - before).toBe(51);
  });

  test("the rounds that follow are the open ones, and the last closed one again", async () => {
    const { service, clock, messages } = await settledFeed();
    service.rounds = [
      ...service.rounds,
      sampleRound(4, { outcome: "open", closedAtMs: null, version: null }),
    ];

    service.emit({ type: "round-changed", taskId: SAMPLE_TASK, roundId: sampleRound(4).roundId });
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(roundNumbers(messages)).toEqual([[3, 4]]);
  });

  test("an event during a reading causes another reading", async () => {
    const { service, clock } = await settledFeed();
    const before = service.numOverviews;

    service.emit({ type: "fleet-changed" });
    clock.advance(MIN_INTERVAL_MS);
    service.emit({ type: "fleet-changed" });
    await settle();
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(service.numOverviews - before).toBe(2);
  });

  test("a reading that fails is logged and the next one works", async () => {
    const { service, clock, messages, errors } = await settledFeed();

    service.emit({ type: "version-committed", model: SAMPLE_MODEL, version: 99 });
    clock.advance(MIN_INTERVAL_MS);
    await settle();
    service.emit({ type: "fleet-changed" });
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(errors).toHaveLength(1);
    expect(messages.map((message) => message.event)).toEqual(["overview"]);
  });
});

const rolloutsOf = (messages: readonly FeedMessage[]) =>
  messages.flatMap((message) => (message.event === "rollouts" ? [message.data] : []));

describe("rollouts", () => {
  test("a page that opens gets them", async () => {
    const { rollouts, feed } = await openFeed();
    rollouts.rollouts = [sampleRollout()];
    const messages: FeedMessage[] = [];

    await feed.subscribe((message) => messages.push(message));

    expect(rolloutsOf(messages)).toEqual([{ rollouts: [sampleRollout()], deleted: [] }]);
  });

  test("a change that other pages are told while a page opens reaches that page too", async () => {
    const { rollouts, clock, feed } = await settledFeed();
    rollouts.rollouts = [sampleRollout()];
    let answer = (): void => undefined;
    rollouts.list = () => {
      const asked = [...rollouts.rollouts];
      return new Promise((resolve) => (answer = () => resolve(asked)));
    };
    const messages: FeedMessage[] = [];
    const opening = feed.subscribe((message) => messages.push(message));
    await settle();

    const changed = rollouts.put(sampleRollout({ state: "running" }));
    clock.advance(MIN_INTERVAL_MS);
    await settle();
    answer();
    await opening;
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(rolloutsOf(messages)).toEqual([
      { rollouts: [sampleRollout()], deleted: [] },
      { rollouts: [changed], deleted: [] },
    ]);
  });

  test("many changes of one within the interval are told once, as it is then", async () => {
    const { rollouts, clock, messages } = await settledFeed();

    rollouts.put(sampleRollout({ state: "running" }));
    const last = rollouts.put(sampleRollout({ state: "paused" }));
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(rolloutsOf(messages)).toEqual([{ rollouts: [last], deleted: [] }]);
  });

  test("nothing is said of rollouts when only the fleet has changed", async () => {
    const { service, clock, messages } = await settledFeed();

    service.emit({ type: "fleet-changed" });
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(messages.map((message) => message.event)).toEqual(["overview"]);
  });

  test("one that was deleted is named", async () => {
    const { rollouts, clock, messages } = await settledFeed();
    rollouts.rollouts = [sampleRollout()];

    await rollouts.delete(SAMPLE_ROLLOUT, { name: "ana", mayApprove: false });
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(rolloutsOf(messages)).toEqual([{ rollouts: [], deleted: [SAMPLE_ROLLOUT] }]);
  });

  test("a change that could not be read is told with the next one", async () => {
    const { rollouts, service, clock, messages, errors } = await settledFeed();
    rollouts.failure = new Error("the database is away");
    const changed = rollouts.put(sampleRollout());
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    rollouts.failure = null;
    service.emit({ type: "fleet-changed" });
    clock.advance(MIN_INTERVAL_MS);
    await settle();

    expect(rolloutsOf(messages)).toEqual([{ rollouts: [changed], deleted: [] }]);
    expect(errors).toHaveLength(1);
  });
});

describe("quiet times", () => {
  test("a heartbeat comes at every interval", async () => {
    const { clock, messages } = await settledFeed();

    clock.advance(3 * HEARTBEAT_MS);

    expect(messages.filter((message) => message.event === "heartbeat")).toHaveLength(3);
  });

  test("without a page nothing is read and no timer runs", async () => {
    const { service, clock, unsubscribe } = await settledFeed();
    const before = service.numOverviews;

    unsubscribe();
    service.emit({ type: "fleet-changed" });
    clock.advance(10 * HEARTBEAT_MS);
    await settle();

    expect(service.numOverviews).toBe(before);
    expect(clock.numTimers).toBe(0);
  });

  test("a closed feed no longer listens to the service", async () => {
    const { service, rollouts, feed } = await openFeed();
    const before = [service.numListeners, rollouts.numListeners];

    feed.close();

    expect([service.numListeners, rollouts.numListeners]).toEqual(before.map((count) => count - 1));
  });
});
