import { FedgeError, type ModelName, type TaskId } from "@fedge/protocol";
import { createSystemClock } from "../clock/system-clock.js";
import type { RunningServer } from "../server.js";
import type { AggregatorService, ServiceEvent, VersionView } from "../service.js";
import type { FastForwardClock } from "./clock/fast-forward-clock.js";
import { DeadlineSkipper } from "./faults/deadline-skipper.js";
import { startFleet, type FleetOptions, type SimulatedFleet } from "./fleet/fleet.js";
import type { SimulationOptions } from "./options.js";
import type { ProgressReporter } from "./progress.js";
import { readEvaluations, readRounds, roundResult, sumLost, type SimulationResult } from "./result.js";
import { RoundFollower } from "./round-follower.js";
import { simulatedTask, SIMULATED_DEADLINES } from "./task-of.js";
import { waitUntil } from "./waiting.js";

export const SIMULATED_MODEL = "digits" as ModelName;
export const SIMULATED_TASK = "simulation" as TaskId;
const PAGE = 500;
/** No single training run of a zoo model takes as long; nothing else happens in the meantime. */
const STALL_MS = 180_000;

export interface SimulationContext {
  readonly progress: ProgressReporter;
  /** Ends the run early and cleanly. */
  readonly signal: AbortSignal;
}

/** A run with what it needs from outside. */
export interface Run extends SimulationContext {
  readonly options: SimulationOptions;
  readonly server: RunningServer;
  readonly clock: FastForwardClock;
  /** Monotonic. */
  readonly startedAtMs: number;
  /** Spent on reading or drawing the data. */
  readonly dataSeconds: number;
}

/** What the federation itself gave. */
export type TaskResult = Omit<SimulationResult, "alone" | "suggestions">;

type FleetData = Pick<FleetOptions, "inputName" | "targetName" | "data">;

/** Creates the task, starts the fleet and waits until the one has ended and the other serves its result. */
export async function runTask(run: Run, data: FleetData): Promise<TaskResult> {
  const { service } = run.server;
  run.progress.stage(`Starting ${run.options.numDevices} devices`);
  await service.createTask(simulatedTask(run.options, { taskId: SIMULATED_TASK, model: SIMULATED_MODEL }));
  const follower = new RoundFollower(
    service,
    { taskId: SIMULATED_TASK, model: SIMULATED_MODEL },
    run.progress.round,
  );
  // The two need each other: the skipper hears of devices, and devices hear from it that a round is over.
  const failed = rejectable();
  const skipper = new DeadlineSkipper({
    ...{ service, clock: run.clock, taskId: SIMULATED_TASK, ...SIMULATED_DEADLINES },
    onRoundOver: (roundId) => fleet.roundOver(roundId),
    onError: failed.reject,
  });
  const fleet = startFleet({
    ...data,
    serverUrl: run.server.httpUrl,
    model: SIMULATED_MODEL,
    seed: run.options.seed,
    numWorkers: run.options.numWorkers,
    faults: { dropout: run.options.dropout, late: run.options.late },
    onUnable: (roundId, deviceId, why) => skipper.unable(roundId, deviceId, why),
  });
  try {
    const finished = finish(run, fleet);
    return await Promise.race([finished, fleet.failed, failed.promise]);
  } finally {
    skipper.close();
    await follower.close();
    await fleet.close();
  }
}

function rejectable(): { readonly promise: Promise<never>; readonly reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, no) => (reject = no));
  promise.catch(() => undefined);
  return { promise, reject };
}

/** Waits for the task's end, then until every device serves what came out of it. */
async function finish(run: Run, fleet: SimulatedFleet): Promise<TaskResult> {
  const { service } = run.server;
  const startedAtMs = performance.now();
  const task = await wait({ run, fleet, what: "the task to end", event: "task-changed" }, async () => {
    const view = await service.getTask(SIMULATED_TASK);
    return view.status === "running" ? undefined : view;
  });
  const seconds = {
    taskSeconds: (performance.now() - startedAtMs) / 1000,
    roundsSeconds: (Date.now() - (await firstSelectionAtMs(service))) / 1000,
  };
  if (task.status !== "completed") {
    throw new FedgeError(
      "INTERNAL",
      `the simulated task is ${task.status}: ${task.statusReason ?? "no reason given"}.`,
    );
  }
  const { version } = await service.getVersion(SIMULATED_MODEL, task.latestVersion ?? 1);
  run.progress.stage(`Waiting until every device serves version ${version.version}`);
  const what = `every device to serve version ${version.version}`;
  const numServing = await wait({ run, fleet, what, event: "fleet-changed" }, async () => {
    const { byServing } = await service.fleet();
    if (byServing[`${SIMULATED_MODEL}@${version.version}`] !== run.options.numDevices) return undefined;
    const serving = await countServing(service, version);
    return serving === run.options.numDevices ? serving : undefined;
  });
  return { ...(await collect(run, version, numServing)), ...seconds };
}

/** When the first cohort was selected, on the process's own clock: nothing leaps before a first round begins. */
async function firstSelectionAtMs(service: AggregatorService): Promise<number> {
  const [first] = await service.listRounds(SIMULATED_TASK, { limit: 1, offset: 0 });
  if (first === undefined) throw new FedgeError("INTERNAL", "the simulated task has ended without a round");
  const { events } = await service.getRound(first.roundId);
  return events.find((event) => event.type === "cohort-selected")?.atMs ?? first.openedAtMs;
}

interface Waiting {
  readonly run: Run;
  readonly fleet: SimulatedFleet;
  readonly what: string;
  readonly event: ServiceEvent["type"];
}

function wait<T>({ run, fleet, what, event }: Waiting, ask: () => Promise<T | undefined>): Promise<T> {
  const { service } = run.server;
  const clock = createSystemClock();
  return waitUntil(ask, {
    ...{ service, what, clock, signal: run.signal, stallMs: STALL_MS },
    isTelling: ({ type }) => type === event,
    describe: async () => {
      const { liveRound } = await service.getTask(SIMULATED_TASK);
      const { byPresence, byServing } = await service.fleet();
      return (
        `${fleet.numStarted} of ${run.options.numDevices} devices started, ` +
        `presence ${JSON.stringify(byPresence)}, serving ${JSON.stringify(byServing)}, round ${JSON.stringify(liveRound)}, troubles ${fleet.troubles().join("; ")}`
      );
    },
  });
}

/** Devices that reported to serve this version's manifest, by hash. */
async function countServing(service: AggregatorService, version: VersionView): Promise<number> {
  let count = 0;
  for (let offset = 0; ; offset += PAGE) {
    const page = await service.listDevices({ limit: PAGE, offset });
    count += page.filter(
      (device) => device.serving[SIMULATED_MODEL]?.manifestSha256 === version.manifest.sha256,
    ).length;
    if (page.length < PAGE) return count;
  }
}

async function collect(
  run: Run,
  version: VersionView,
  numServing: number,
): Promise<Omit<TaskResult, "taskSeconds" | "roundsSeconds">> {
  const { service } = run.server;
  const rounds = await readRounds(service, SIMULATED_TASK);
  const evaluations = await readEvaluations(service, SIMULATED_MODEL);
  const testAccuracy = evaluations.get(version.version)?.accuracy ?? null;
  const { targetAccuracy } = run.options;
  const { bytesUp, bytesDown } = await service.overview();
  return {
    rounds: rounds.length,
    reachedTarget: targetAccuracy === null ? null : testAccuracy !== null && testAccuracy >= targetAccuracy,
    testAccuracy,
    perRound: rounds.map((round) => roundResult(round, evaluations.get(round.version ?? -1))),
    lostByReason: sumLost(rounds),
    wallSeconds: (performance.now() - run.startedAtMs) / 1000,
    dataSeconds: run.dataSeconds,
    trainSeconds: rounds.reduce((sum, round) => sum + round.trainMs, 0) / 1000,
    ...{ bytesUp, bytesDown },
    finalVersion: version.version,
    finalCheckpointSha256: version.checkpoint.sha256,
    devicesServingFinalVersion: numServing,
    seed: run.options.seed,
    options: run.options,
  };
}
