import type { DeviceId, InstallReport } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventQueue, MAX_BATCH, type Waiting } from "./event-queue.js";
import type { RolloutId } from "./rollout-config.js";
import type { RolloutEvent } from "./rollout-state.js";
import { World } from "./simulation/world.js";
import { sampleConfig } from "./testing/sample-rollout.js";

interface Numbered extends Waiting {
  readonly number: number;
}

const waiting = (number: number, isPersons: boolean): Numbered => ({
  ...{ number, event: { type: "tick", atMs: number, isWindowOpen: true } },
  ...{ check: isPersons ? () => undefined : null, done: () => undefined, refused: () => undefined },
});
const numbers = (batch: readonly Waiting[]): number[] => batch.map((one) => (one as Numbered).number);

describe("the queue of a rollout", () => {
  test("Q1, Q2, Q3: people's come first, each lane keeps its order, and nothing is lost or doubled", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (lanes) => {
        const queue = new EventQueue();
        lanes.forEach((isPersons, number) => queue.add(waiting(number, isPersons)));
        const taken: number[] = [];
        while (!queue.isEmpty) taken.push(...numbers(queue.next()));

        const people = lanes.flatMap((isPersons, number) => (isPersons ? [number] : []));
        const others = lanes.flatMap((isPersons, number) => (isPersons ? [] : [number]));
        expect(taken).toEqual([...people, ...others]);
      }),
    );
  });

  test("what people wait for is made durable alone, and devices' words a bounded number at a time", () => {
    const queue = new EventQueue();
    for (let number = 0; number < MAX_BATCH + 5; number += 1) queue.add(waiting(number, false));
    queue.add(waiting(-1, true));

    expect([1, 2, 3].map(() => queue.next().length)).toEqual([1, MAX_BATCH, 5]);
  });

  test("what is put back comes before what has come since", () => {
    const queue = new EventQueue();
    queue.add(waiting(1, false));
    const batch = queue.next();
    queue.add(waiting(2, false));
    queue.putBack(batch);

    expect(numbers(queue.next())).toEqual([1, 2]);
  });
});

/** Says when it is asked to write, and writes only when it is let. */
class Gate {
  readonly written: RolloutEvent["type"][][] = [];
  #open: () => void = () => undefined;
  #isOpen = Promise.resolve();

  constructor(world: World) {
    const append = world.store.append.bind(world.store);
    world.store.append = async (change) => {
      await this.#isOpen;
      this.written.push(change.events.map(({ type }) => type));
      return append(change);
    };
  }

  close(): void {
    this.#isOpen = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
  }
}

describe("a person's command under load", () => {
  const NUM_DEVICES = 3 * MAX_BATCH;
  /** A fleet whose first half is told, and what each of it says next. Four fifths of it open the second wave. */
  async function loaded(state: InstallReport["state"]) {
    const waves = [
      { name: "half", percent: 50, soakMs: 0 },
      { name: "all", percent: 100, soakMs: 0 },
    ];
    const config = sampleConfig({ waves });
    const outcomeOf = () => "commits" as const;
    const world = new World({
      ...{ seed: "1", numDevices: NUM_DEVICES, config, outcomeOf, chaos: 0 },
      onState: () => undefined,
    });
    await world.begin();
    const reports = [...world.documents].map(([deviceId, wanted]): [DeviceId, InstallReport] => {
      const { model, version, manifest, releaseCounter } = wanted;
      const facts = { model, version, releaseCounter, manifestSha256: manifest.sha256, code: null };
      return [deviceId, { type: "install", state, ...facts } as unknown as InstallReport];
    });
    return { world, reports };
  }

  const how = { actor: { name: "ada", mayApprove: false }, reason: "stop" };

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((done) => setImmediate(done));
  }

  test.each(["pause", "abort", "rollback"] as const)(
    "%s is durable before every report that was queued ahead of it and not yet being written",
    async (command) => {
      const { world, reports } = await loaded("downloading");
      const gate = new Gate(world);
      gate.close();
      for (const [deviceId, report] of reports) world.rollouts.devices.report(deviceId, report);
      // The drain has begun by then: its first batch waits at the gate, the rest in the queue.
      await Promise.resolve();
      const commanded = world.rollouts.command("better-words" as RolloutId, command, how);

      gate.open();
      await commanded;

      const sizes = gate.written.map((batch) => [batch.length, new Set(batch)] as const);
      expect(sizes).toEqual([
        [MAX_BATCH, new Set(["reported"])],
        [1, new Set(["command"])],
      ]);
    },
  );

  test("closing waits for what is being written, and begins nothing of what is queued", async () => {
    const { world, reports } = await loaded("downloading");
    const gate = new Gate(world);
    gate.close();
    for (const [deviceId, report] of reports) world.rollouts.devices.report(deviceId, report);
    await Promise.resolve();
    let isClosed = false;
    const closed = world.rollouts.close().then(() => (isClosed = true));
    await settle();

    expect(isClosed).toBe(false);
    gate.open();
    await closed;
    expect(gate.written.map((batch) => batch.length)).toEqual([MAX_BATCH]);
  });

  test("I4: reports ahead of a pause that would have opened the next wave open none", async () => {
    const { world, reports } = await loaded("committed");
    const gate = new Gate(world);
    gate.close();
    for (const [deviceId, report] of reports) world.rollouts.devices.report(deviceId, report);
    await Promise.resolve();
    const commanded = world.rollouts.command("better-words" as RolloutId, "pause", how);
    const before = world.documents.size;

    gate.open();
    await commanded;
    await settle();

    // Fewer than four fifths were being written when it was said; all of them are by now.
    expect(MAX_BATCH).toBeLessThan(0.8 * reports.length);
    expect(gate.written.flat().filter((type) => type === "reported")).toHaveLength(reports.length);
    expect([world.state.phase, world.state.currentWave, world.documents.size]).toEqual(["paused", 0, before]);
    await world.rollouts.command("better-words" as RolloutId, "resume", how);
    await settle();
    expect([world.state.phase, world.state.currentWave]).toEqual(["running", 1]);
  });
});
