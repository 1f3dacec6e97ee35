import { createRandom, type DeviceId, type Report, type Random } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { DeviceRig } from "../../testing/device-rig.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { MemoryBroker, type Delivery } from "../../testing/memory-broker.js";
import { ScriptedServer } from "../../testing/scripted-server.js";

const ana = "ana" as DeviceId;
const SEEDS = Array.from({ length: 12 }, (_, at) => `simulation-${at + 1}`);
const NUM_STEPS = 120;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A line that loses, repeats and holds back what passes, until it is mended. */
class BadLine {
  isMended = false;
  readonly #held: Delivery[] = [];

  constructor(private readonly random: Random) {}

  route(delivery: Delivery): void {
    const draw = this.isMended ? 1 : this.random.unit();
    if (draw < 0.1) return;
    if (draw < 0.25) this.#held.push(delivery);
    else delivery.deliver();
    if (draw > 0.85 && draw < 1) delivery.deliver();
  }

  /** Hands over one held message, whichever it is. */
  release(): void {
    const at = Math.floor(this.random.unit() * this.#held.length);
    this.#held.splice(at, 1)[0]?.deliver();
  }
}

interface Outcome {
  readonly rig: DeviceRig;
  readonly server: ScriptedServer;
  readonly numCountedBefore: number;
}

/** Chaos for a while, and then half an hour in which everything works. */
async function simulate(seed: string): Promise<Outcome> {
  const random = createRandom(seed);
  const line = new BadLine(random.fork("line"));
  const clock = new ManualClock();
  const broker = new MemoryBroker({ route: (delivery) => line.route(delivery) });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({ name: ana, clock, broker, digest: nodeDigest, newStop });
  server.base = { version: 1, manifest: await server.publishVersion(1) };
  await rig.start();
  for (let step = 0; step < NUM_STEPS; step += 1) {
    await disturb({ rig, server, broker, line, step }, random);
    clock.advance(Math.floor(random.unit() * 20_000));
    await settle();
  }
  line.isMended = true;
  rig.conditions.set(true);
  const numCountedBefore = server.counted.length;
  for (let second = 0; second < 1800; second += 30) {
    clock.advance(30_000);
    await settle();
  }
  return { rig, server, numCountedBefore };
}

interface Scene {
  readonly rig: DeviceRig;
  readonly server: ScriptedServer;
  readonly broker: MemoryBroker;
  readonly line: BadLine;
  readonly step: number;
}

async function disturb({ rig, server, broker, line, step }: Scene, random: Random): Promise<void> {
  const draw = random.unit();
  line.release();
  if (draw < 0.05) {
    rig.kill();
    await rig.start();
  } else if (draw < 0.12) broker.cut(ana);
  else if (draw < 0.18) rig.conditions.set(!rig.conditions.isEligible());
  else if (draw < 0.22) server.begin(step);
}

/** Hashes that were reported, by round and attempt. */
function reportedHashes(server: ScriptedServer): Set<string>[] {
  const byRound = new Map<string, Set<string>>();
  for (const { message } of server.heard) {
    if (message.type !== "report") continue;
    const { roundId, attempt, update }: Report = message;
    const key = `${roundId}/${attempt}`;
    byRound.set(key, (byRound.get(key) ?? new Set()).add(update.sha256));
  }
  return [...byRound.values()];
}

describe("a device behind a line that drops, repeats and reorders, that is killed and cut off", () => {
  test.each(SEEDS)(
    "never reports two updates for one assignment, and is not stuck (seed %s)",
    async (seed) => {
      const { rig, server, numCountedBefore } = await simulate(seed);
      const updates = reportedHashes(server);

      expect(updates.length).toBeGreaterThan(0);
      expect(updates.filter((hashes) => hashes.size > 1)).toEqual([]);
      expect(server.counted.length).toBeGreaterThan(numCountedBefore);
      server.base = null;
      await rig.device.close();
    },
  );
});
