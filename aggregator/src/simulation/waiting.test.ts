import type { TaskId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import type { ServiceEvent } from "../service.js";
import { waitUntil } from "./waiting.js";

const setUp = () => {
  const listeners = new Set<(event: ServiceEvent) => void>();
  const clock = new ManualClock();
  const controller = new AbortController();
  let answer: string | undefined;
  let numAsked = 0;
  const ask = (): Promise<string | undefined> => {
    numAsked += 1;
    return Promise.resolve(answer);
  };
  const waiting = waitUntil(ask, {
    service: {
      onEvent: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    isTelling: (event) => event.type === "fleet-changed",
    what: "the answer",
    signal: controller.signal,
    clock,
    stallMs: 1000,
    describe: () => Promise.resolve("3 of 4 devices are here"),
  });
  const emit = (next?: string): void => {
    answer = next;
    for (const listener of [...listeners]) listener({ type: "fleet-changed" });
  };
  const emitOther = (): void => {
    for (const listener of [...listeners]) listener({ type: "task-changed", taskId: "t" as TaskId });
  };
  return { waiting, emit, emitOther, asked: () => numAsked, clock, controller, listeners };
};

describe("waitUntil", () => {
  test("gives the first answer that is not undefined and stops listening", async () => {
    const { waiting, emit, listeners } = setUp();
    emit();

    emit("done");

    await expect(waiting).resolves.toBe("done");
    expect(listeners.size).toBe(0);
  });

  test("does not ask at an event that tells nothing", async () => {
    const { waiting, emit, emitOther, asked } = setUp();

    emitOther();
    emitOther();

    expect(asked()).toBe(1);
    emit("done");
    await waiting;
  });

  test("rejects when the signal aborts", async () => {
    const { waiting, controller } = setUp();

    controller.abort();

    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("says what it waited for when nothing happens for too long", async () => {
    const { waiting, clock } = setUp();

    clock.advance(1000);

    await expect(waiting).rejects.toThrow(
      "waited for the answer, but nothing happened for 1 s: 3 of 4 devices are here.",
    );
  });

  test("an event starts the time anew", async () => {
    const { waiting, clock, emit } = setUp();
    clock.advance(999);
    emit();

    clock.advance(999);
    emit("done");

    await expect(waiting).resolves.toBe("done");
  });
});
