import { PROTOCOL_VERSION, deviceTopic, type Desired, type MessageId } from "@fedge/protocol";
import { BareBroker } from "./bare-broker-port.js";
import { BenchServer, MODEL, pause, type Usage } from "./bench-server.js";
import { SimulatedFleet, enrolFleet, type FleetMember } from "./simulated-fleet.js";

/** So long after an order nothing may come any more that the order should have stopped. */
const QUIET_MS = 3000;
const REPORTS_PER_INSTALL = 7;

export interface RolloutMeasures {
  readonly numDevices: number;
  readonly bare: { readonly seconds: number; readonly cpuSeconds: number };
  readonly connectSeconds: number;
  /** From the command to the server's having every device's last report on its disk. */
  readonly release: Lap;
  readonly rollback: Lap;
  readonly stop: StopMeasures;
  readonly memory: { readonly empty: number; readonly connected: number; readonly end: number };
}

export interface Lap {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** When the last device had its document. */
  readonly lastToldSeconds: number;
  readonly numDocuments: number;
}

export interface StopMeasures {
  /** Told when the order was given. */
  readonly numInFlight: number;
  readonly answerMs: number;
  /** Told after the order was given, and when the last of them was. */
  readonly numToldAfter: number;
  readonly lastToldAfterMs: number;
  /** From the abort to every device that was told being on the version before. */
  readonly abortSeconds: number;
}

export async function measureRollout(numDevices: number): Promise<RolloutMeasures> {
  const server = await BenchServer.start();
  let members: FleetMember[];
  let measured: Omit<RolloutMeasures, "bare" | "numDevices">;
  try {
    const empty = await server.usage();
    members = await enrolFleet(server.url, numDevices);
    const startMs = performance.now();
    const fleet = await SimulatedFleet.connect(members, members[0]?.port ?? 0);
    await server.untilCommitted(numDevices);
    const connectSeconds = (performance.now() - startMs) / 1000;
    const connected = await server.usage();
    measured = await measureOn(server, fleet, { empty, connected, connectSeconds });
    fleet.close();
  } finally {
    await server.close();
  }
  return { ...measured, numDevices, bare: await measureBare(members) };
}

async function measureOn(
  server: BenchServer,
  fleet: SimulatedFleet,
  before: { readonly empty: Usage; readonly connected: Usage; readonly connectSeconds: number },
): Promise<Omit<RolloutMeasures, "bare" | "numDevices">> {
  const release = await lap(server, fleet, {
    order: () => startRollout(server, "bench-2", 2),
    done: () => server.until("bench-2", "completed"),
    version: 2,
  });
  const rollback = await lap(server, fleet, {
    order: () => server.command("bench-2", "rollback"),
    done: () => server.until("bench-2", "rolled-back"),
    version: 1,
  });
  const stop = await measureStop(server, fleet);
  const end = await server.usage();
  const memory = {
    empty: before.empty.residentBytes,
    connected: before.connected.residentBytes,
    end: end.residentBytes,
  };
  return { connectSeconds: before.connectSeconds, release, rollback, stop, memory };
}

async function startRollout(server: BenchServer, rolloutId: string, version: number): Promise<void> {
  await server.createRollout(rolloutId, version);
  await server.command(rolloutId, "start");
}

async function lap(
  server: BenchServer,
  fleet: SimulatedFleet,
  how: {
    readonly order: () => Promise<void>;
    readonly done: () => Promise<number>;
    readonly version: number;
  },
): Promise<Lap> {
  fleet.listenAnew();
  const before = await server.usage();
  const startMs = performance.now();
  await how.order();
  const endMs = await how.done();
  fleet.check();
  // What the server does for a rollout that is through is a part of its price.
  await pause(QUIET_MS);
  const after = await server.usage();
  const { lastAtMs } = fleet.heard(how.version);
  return {
    seconds: (endMs - startMs) / 1000,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    lastToldSeconds: ((lastAtMs ?? startMs) - startMs) / 1000,
    numDocuments: fleet.numHeard,
  };
}

/** A pause while devices are told and installing, then an abort that calls all of them back. */
async function measureStop(server: BenchServer, fleet: SimulatedFleet): Promise<StopMeasures> {
  fleet.listenAnew();
  fleet.hold();
  await startRollout(server, "bench-3", 3);
  while (fleet.heard(3).numDevices === 0) await pause(1);
  const orderMs = performance.now();
  const numInFlight = fleet.heard(3).numDevices;
  await server.command("bench-3", "pause");
  const answerMs = performance.now() - orderMs;
  await pause(QUIET_MS);
  const after = fleet.heard(3, orderMs);
  const abortMs = performance.now();
  await server.command("bench-3", "abort");
  const abortedMs = await server.until("bench-3", "aborted");
  await pause(QUIET_MS);
  fleet.check();
  const back = fleet.heard(1, abortMs);
  return {
    ...{ numInFlight, answerMs, numToldAfter: after.numDevices },
    lastToldAfterMs: Math.max(0, (after.lastAtMs ?? orderMs) - orderMs),
    abortSeconds: (Math.max(abortedMs, back.lastAtMs ?? 0) - abortMs) / 1000,
  };
}

/** The same documents to as many clients, and as many reports from them, over the broker library alone. */
async function measureBare(members: readonly FleetMember[]): Promise<RolloutMeasures["bare"]> {
  const broker = await BareBroker.start();
  try {
    const fleet = await SimulatedFleet.connect(members, broker.port);
    const topics = members.map(({ tenantId, deviceId }) => deviceTopic(tenantId, deviceId, "desired"));
    const numReports = members.length * REPORTS_PER_INSTALL;
    const bare = await broker.publish({ topics, payload: JSON.stringify(sampleDesired()), numReports });
    fleet.close();
    return bare;
  } finally {
    await broker.close();
  }
}

function sampleDesired(): object {
  const manifest = { sha256: "0".repeat(64), sizeBytes: 2000 };
  const entry = { model: MODEL, version: 2, manifest, releaseCounter: 2, rolloutId: "bench-2", attempt: 1 };
  const signature = { keyId: "0".repeat(64), value: "0".repeat(88) };
  const body = {
    ...{ type: "desired", releaseCounter: 2, deviceId: "0".repeat(22), models: [entry], signature },
  } as unknown as Desired;
  const header = { v: PROTOCOL_VERSION, id: "0".repeat(36) as MessageId, sentAtMs: 0, session: 1, seq: 1 };
  return { ...header, body };
}
