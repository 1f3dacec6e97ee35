import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { serverStateTopic, type DeviceId, type ServerState, type Sha256, type TaskId } from "@fedge/protocol";
import { FoldWorker } from "../aggregation/fold-worker.js";
import { sha256Of } from "../blobs/blob-name.js";
import type { Traffic } from "../broker/port.js";
import { WorkerEvaluator } from "../evaluation/evaluator.js";
import { RetainedBlobs } from "../fleet/blob-publisher.js";
import type { FleetOfRollouts } from "../rollouts/fleet-view.js";
import type { FederatedEvaluations } from "../evaluation/federated/federated-evaluations.js";
import { Fleet } from "../fleet/fleet.js";
import { Inbox, type ProfileMessages } from "../fleet/inbox.js";
import { Outbox } from "../fleet/outbox.js";
import { DesiredStates } from "../fleet/desired-states.js";
import { RUNTIME_VERSION } from "../registry/import-model.js";
import type { Registry } from "../registry/registry.js";
import type { VersionKeeper } from "../registry/version-keeper.js";
import { openSigning, type Signing } from "../signing/open-signing.js";
import { ServiceEvents } from "../service-events.js";
import type { EvaluationRecord } from "../store/port.js";
import type { TaskPorts } from "../tasks/ports.js";
import { TaskManager } from "../tasks/task-manager.js";
import { TaskMembers } from "../tasks/task-members.js";
import type { Closing } from "./closing.js";
import { openDrift, type DriftParts } from "./drift.js";
import { openEvaluations } from "./evaluations.js";
import type { Foundations } from "./foundations.js";
import type { ServerOptions } from "./options.js";
import { openRegistry } from "./registry-wiring.js";
import { heldByRollouts, openRollouts, type RolloutParts } from "./rollouts.js";

/** Devices that are told that there is nothing to train come back within this time. */
const NO_TASK_RETRY = { minMs: 3000, maxMs: 10_000 };
/** A blob that nobody needs any more stays this long for devices in the middle of it. */
const BLOB_LINGER_MS = 60_000;

export interface Orchestration extends RolloutParts {
  readonly events: ServiceEvents;
  readonly tasks: TaskManager;
  readonly releases: DesiredStates;
  readonly traffic: () => Traffic;
  readonly fleet: Fleet;
  readonly registry: Registry;
  readonly signing: Signing;
  readonly evaluations: FederatedEvaluations;
  readonly drift: DriftParts;
}

interface Speaking {
  readonly events: ServiceEvents;
  readonly outbox: Outbox;
  readonly publisher: RetainedBlobs;
  readonly releases: DesiredStates;
  readonly signing: Signing;
}

/** Starts everything that acts: fleet, tasks and the inbox that feeds them; then tells devices that the server is here. */
export async function startOrchestration(
  options: ServerOptions,
  base: Foundations,
  closing: Closing,
): Promise<Orchestration> {
  const speaking = await openSpeaking(options, base, closing);
  const { events, releases, publisher, signing, outbox } = speaking;
  const fleetRef: { fleet: Fleet | null } = { fleet: null };
  const fleet = (): Fleet | null => fleetRef.fleet;
  const told = (evaluation: EvaluationRecord): Promise<void> => shared.versionEvaluated(evaluation);
  const devices = openEvaluations(base, { publisher, outbox, fleet, evaluated: told });
  const { evaluations, comparisons } = devices;
  const parts = openRollouts(base, { desired: releases, audit: base.audit, fleet, comparisons });
  closing.add(parts.rollouts, (opened) => opened.close());
  const evaluator = openEvaluator(options, base, closing);
  const keeping = { evaluator, retention: options.retention, holders: [heldByRollouts(parts.rollouts)] };
  const wiring = openRegistry(base, { audit: base.audit, releases, publisher, ...keeping });
  const shared = {
    ...sharedPorts(options, base, { speaking, evaluator, keeper: wiring.keeper }),
    autopilot: parts.autopilot,
    isOnline: (deviceId: DeviceId): boolean => fleetRef.fleet?.isOnline(deviceId) ?? false,
  };
  const tasks = openTasks(base, { shared, evaluations, closing, fleetView: parts.fleetView });
  fleetRef.fleet = createFleet(base, speaking, { tasks, evaluations, ...parts });
  await forgetPresence(base);
  await removeOrphanedFolds(base);
  await releases.load();
  await evaluations.restore();
  await parts.rollouts.start();
  // Tasks first: a device that asked a server without any would be sent away. What it says before the inbox hears is
  // said again when the server announces itself.
  await tasks.start();
  const drift = await openDrift(options, base, { outbox, tasks, closing });
  await startInbox(base, fleetRef.fleet, { tasks, evaluations, profiles: drift.intake });
  closing.add(wiring.schedule, (schedule) => schedule.close()).start();
  sayAgainAfterLoss(base, speaking, await announce(base, speaking.outbox, closing));
  const { traffic } = shared;
  return {
    ...{ events, tasks, releases, traffic, fleet: fleetRef.fleet, registry: wiring.registry, signing },
    ...{ evaluations, drift, ...parts },
  };
}

function openTasks(
  { state }: Foundations,
  parts: {
    readonly shared: Omit<TaskPorts, "fold">;
    readonly evaluations: FederatedEvaluations;
    readonly closing: Closing;
    readonly fleetView: FleetOfRollouts;
  },
): TaskManager {
  const { shared, evaluations, closing, fleetView } = parts;
  const portsOf = (): TaskPorts => ({ ...shared, fold: new FoldWorker(state.paths.folds) });
  const members = new TaskMembers(fleetView);
  const manager = new TaskManager(portsOf, shared, { retry: { noTask: NO_TASK_RETRY }, members });
  return closing.add(manager, async (opened) => {
    // A task may wait for what devices say of its newest version.
    await evaluations.close();
    await opened.close();
  });
}

function openEvaluator(
  { evaluationData: source = () => undefined }: ServerOptions,
  { blobs, clock }: Foundations,
  closing: Closing,
): WorkerEvaluator {
  return closing.add(new WorkerEvaluator({ source, blobs, clock }), (opened) => opened.close());
}

/** What every task's rounds share; only the sum is a round's own. */
function sharedPorts(
  options: ServerOptions,
  base: Foundations,
  parts: { readonly speaking: Speaking; readonly evaluator: WorkerEvaluator; readonly keeper: VersionKeeper },
): Omit<TaskPorts, "fold" | "isOnline" | "autopilot"> {
  const { store, blobs, logger, tenantId, clock, transport, metrics: counters } = base;
  const { outbox, events, releases, publisher } = parts.speaking;
  const { evaluator } = parts;
  return {
    ...{ store, blobs, counters, logger, tenantId, outbox, publisher, evaluator, releases },
    emit: events.emit,
    traffic: () => transport.traffic(),
    nowMs: () => clock.nowMs(),
    clock: options.roundClock ?? clock,
    sha256: (bytes) => sha256Of(bytes) as Sha256,
    newRoundId: (taskId: TaskId, number: number) => `${taskId}-${number}`,
    codeVersion: RUNTIME_VERSION,
    versionCommitted: (version) => parts.keeper.committed(version),
    versionEvaluated: (evaluation) => parts.keeper.evaluated(evaluation),
  };
}

async function openSpeaking(options: ServerOptions, base: Foundations, closing: Closing): Promise<Speaking> {
  const { tenantId, transport, clock, session, logger, metrics, blobs, store } = base;
  const nowMs = (): number => clock.nowMs();
  const events = new ServiceEvents((error) => logger.error({ err: error }, "a listener failed"));
  const outbox = new Outbox({
    tenantId,
    transport,
    session,
    nowMs,
    newMessageId: randomUUID,
    counters: metrics,
    logger,
  });
  const onError = (error: unknown): void => logger.warn({ err: error }, "a blob could not be withdrawn");
  const publisher = new RetainedBlobs({
    tenantId,
    transport,
    blobs,
    clock,
    lingerMs: BLOB_LINGER_MS,
    onError,
  });
  closing.add(publisher, (opened) => opened.close());
  const told: { releases: DesiredStates | null } = { releases: null };
  const signing = await openSigning({
    ...{ tenantId, transport, blobs, clock, publisher, logger },
    directory: base.state.paths.signing,
    passphrase: options.keysPassphrase ?? null,
    population: options.population ?? null,
    onRotated: async () => told.releases?.tellAgain(),
  });
  closing.add(signing, (opened) => opened.close());
  const { signer } = signing;
  told.releases = new DesiredStates({
    ...{ store, blobs, publisher, outbox, signer, nowMs, emit: events.emit },
    noteSigner: (version, keyId) => store.noteSigner(version, keyId),
  });
  return { events, outbox, publisher, releases: told.releases, signing };
}

function createFleet(
  base: Foundations,
  { events, releases }: Speaking,
  { tasks, evaluations, rollouts, metrics }: RolloutParts & Hearing,
): Fleet {
  return new Fleet({
    store: base.store,
    ...{ releases, rollouts: rollouts.devices, metrics },
    counters: base.metrics,
    nowMs: () => base.clock.nowMs(),
    emit: events.emit,
    disconnect: (deviceId) => base.broker?.disconnect(deviceId),
    onLost: (deviceId) => {
      tasks.deviceLost(deviceId);
      evaluations.deviceLost(deviceId);
    },
    onReturned: (deviceId) => tasks.deviceReturned(deviceId),
  });
}

/** Who is told what devices say. */
interface Hearing {
  readonly tasks: TaskManager;
  readonly evaluations: FederatedEvaluations;
}

function startInbox(
  base: Foundations,
  fleet: Fleet,
  { tasks: rounds, evaluations, profiles }: Hearing & { readonly profiles: ProfileMessages },
): Promise<void> {
  const { tenantId, transport, logger, metrics: counters } = base;
  return new Inbox({ tenantId, transport, fleet, rounds, evaluations, profiles, counters, logger }).start();
}

/** Whoever was connected when the process ended is so no longer; those who come back say it themselves. */
async function forgetPresence({ store }: Foundations): Promise<void> {
  for (const device of await store.listDevices()) {
    if (device.presence === "online" || device.presence === "sleeping") {
      await store.updateDevice(device.deviceId, { presence: "lost" });
    }
  }
}

/** Sums of rounds that are over, or that were written and never journaled. */
async function removeOrphanedFolds({ state, store }: Foundations): Promise<void> {
  const needed = new Set<string>();
  for (const task of await store.listTasks()) {
    const open = await store.openRoundOf(task.config.taskId);
    const last = open?.events.filter((event) => event.type === "updates-counted").at(-1);
    if (last?.type === "updates-counted") needed.add(last.snapshot.fileName);
  }
  for (const name of readdirSync(state.paths.folds)) {
    if (!needed.has(name)) rmSync(join(state.paths.folds, name), { force: true });
  }
}

async function announce(
  { tenantId, session: first }: Foundations,
  outbox: Outbox,
  closing: Closing,
): Promise<() => Promise<void>> {
  const topic = serverStateTopic(tenantId);
  let session = first;
  const say = (presence: ServerState["presence"]): Promise<void> => {
    return outbox.publish(topic, { type: "server-state", presence, session } satisfies ServerState, {
      retain: true,
    });
  };
  closing.add(say, (goodbye) => goodbye("offline"));
  await say("online");
  return () => {
    // A new number: devices that were back before this server said hello to nobody, and say it again.
    session += 1;
    return say("online");
  };
}

/** What an operator's broker retained is gone when it restarts without persistence: all of it is said again. */
function sayAgainAfterLoss(
  { transport, logger }: Foundations,
  { publisher, releases, signing }: Speaking,
  announceAgain: () => Promise<void>,
): void {
  let underWay: Promise<void> = Promise.resolve();
  const sayAgain = async (): Promise<void> => {
    await publisher.republish();
    await signing.publishAgain();
    await releases.tellAgain();
    // Last: devices answer it at once, and ask for what was said before.
    await announceAgain();
  };
  transport.onState((isConnected) => {
    if (!isConnected) return;
    underWay = underWay.then(sayAgain).catch((error: unknown) => {
      logger.warn({ err: error }, "not everything could be said again to the broker that came back");
    });
  });
}
