import {
  FedgeError,
  decodeWith,
  errorCodeOf,
  type BlobRef,
  type DeviceId,
  type Evaluate,
  type EvaluationReply,
  type EvaluationRunId,
  type ModelManifest,
  type ModelName,
} from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import type { Clock } from "../../clock/clock.js";
import type { DeviceFilter } from "../../fleet/filter/device-filter.js";
import type { Counters, Logger } from "../../rounds/ports.js";
import type { ControlStore, EvaluationRecord } from "../../store/port.js";
import type { BlobPublisher } from "../../tasks/ports.js";
import { loadVersion, type LoadedVersion } from "../../tasks/version-maker.js";
import { candidatesOf } from "./candidates.js";
import { boundsOf } from "./check-reply.js";
import type { EvaluationService } from "./evaluation-service.js";
import { OpenEvaluation } from "./open-evaluation.js";
import { recordsOf } from "./records-of.js";
import { evaluationRequest, type EvaluationRequest, type EvaluationRunRecord } from "./run-record.js";
import type { RunEffect, RunEvent } from "./run-machine.js";
import type { EvaluationRunStore } from "./run-store.js";

export interface FederatedEvaluationsOptions {
  readonly store: EvaluationRunStore;
  readonly control: Pick<ControlStore, "getVersion" | "listDevices" | "saveEvaluation">;
  readonly blobs: BlobStore;
  readonly publisher: BlobPublisher;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly isOnline: (deviceId: DeviceId) => boolean;
  /** Device filters with today's groups. */
  readonly compiler: () => Promise<(filter: string) => DeviceFilter>;
  readonly send: (deviceId: DeviceId, message: Evaluate) => void;
  /** Something that no other run has had: letters, digits, `_` and `-`, at most 16 of them. */
  readonly newSuffix: () => string;
  /** Told of every evaluation that was kept. */
  readonly evaluated: (evaluation: EvaluationRecord) => Promise<void>;
}

/** An answer counts for so long after the deadline that devices were given. */
const GRACE_MS = 5000;

/**
 * Asks devices to measure versions on their own examples, and adds up what they say. Runs are in memory; a restart abandons
 * those that are open, as devices forget theirs.
 */
export class FederatedEvaluations implements EvaluationService {
  readonly #open = new Map<EvaluationRunId, Running>();
  #isClosed = false;

  constructor(private readonly options: FederatedEvaluationsOptions) {}

  /** Ends what a stop of the server interrupted; before anything is started. */
  async restore(): Promise<void> {
    const { store, clock } = this.options;
    for (const run of await store.openRuns()) {
      await store.saveRun({
        ...run,
        state: "abandoned",
        reason: "the server was restarted; start it again",
        endedAtMs: clock.nowMs(),
      });
    }
  }

  async start(given: EvaluationRequest, actor: string): Promise<EvaluationRunRecord> {
    if (this.#isClosed) throw new FedgeError("CLOSED", "the server is being stopped");
    const request = decodeWith(evaluationRequest, given, { what: "evaluation", code: "OPTION_INVALID" });
    const run = await this.#prepare(request, actor);
    const { runId, blobs } = run.options;
    await this.options.publisher.hold(ownerOf(runId), blobs);
    await this.options.store.saveRun(run.record(null));
    this.#begin(run);
    return run.record(null);
  }

  /** The run when it has ended. Throws EVALUATION_UNKNOWN. */
  async ended(runId: EvaluationRunId): Promise<EvaluationRunRecord> {
    await this.#open.get(runId)?.ended;
    return this.show(runId);
  }

  async show(runId: EvaluationRunId): Promise<EvaluationRunRecord> {
    const run = this.#open.get(runId)?.run.record(null) ?? (await this.options.store.getRun(runId));
    if (run !== undefined) return run;
    throw new FedgeError("EVALUATION_UNKNOWN", `there is no evaluation ${runId} on devices`);
  }

  async list(model: ModelName, limit: number): Promise<EvaluationRunRecord[]> {
    const kept = await this.options.store.listRuns(model, limit);
    return kept.map((run) => this.#open.get(run.runId)?.run.record(null) ?? run);
  }

  /** What a device says of a run. Throws EVALUATION_UNKNOWN for one that it was not asked for, or that has ended. */
  async reply(deviceId: DeviceId, reply: EvaluationReply): Promise<void> {
    const running = this.#open.get(reply.runId);
    if (running === undefined || !running.run.isMember(deviceId))
      throw new FedgeError("EVALUATION_UNKNOWN", `${deviceId} is not asked for evaluation ${reply.runId}`);
    this.#count(reply.type === "evaluated" ? "answered" : reply.reason);
    if (reply.type === "evaluation-declined")
      return this.#step(running, { type: "declined", deviceId, reason: reply.reason });
    try {
      const believed = running.run.believed(reply);
      this.#step(running, { type: "replied", deviceId, reply: believed });
    } catch (error) {
      // It is not waited for any longer, and its numbers are nowhere.
      this.#step(running, { type: "declined", deviceId, reason: errorCodeOf(error) });
      throw error;
    }
  }

  deviceLost(deviceId: DeviceId): void {
    for (const running of this.#open.values()) this.#step(running, { type: "left", deviceId });
  }

  /** Abandons what is open; resolves when that is kept. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const open = [...this.#open.values()];
    for (const running of open) this.#step(running, { type: "abandoned", reason: "the server was stopped" });
    await Promise.all(open.map(({ ended }) => ended));
  }

  async #prepare(request: EvaluationRequest, actor: string): Promise<OpenEvaluation> {
    const { control, clock, isOnline, compiler, newSuffix } = this.options;
    const { model, version, against, minDevices } = request;
    const loaded = await Promise.all(
      [version, against].flatMap((one) => (one === null ? [] : [this.#load(model, one)])),
    );
    const runId = `${model.slice(0, 40)}-${version}-${newSuffix()}` as EvaluationRunId;
    const candidates = await candidatesOf(request, {
      control,
      isOnline,
      compile: await compiler(),
      seed: runId,
    });
    if (candidates.size < minDevices)
      throw new FedgeError(
        "EVALUATION_TOO_FEW_DEVICES",
        `${candidates.size} devices are here that serve "${model}" and match; ${minDevices} are needed: wait for more, widen the filter, or ask for fewer`,
      );
    const [first] = loaded;
    if (first === undefined) throw new FedgeError("INTERNAL", "an evaluation of no version");
    return new OpenEvaluation({
      ...{ runId, request, actor, candidates, startedAtMs: clock.nowMs() },
      versions: loaded.map(({ record }) => ({ version: record.version, manifest: record.manifest })),
      bounds: boundsOf(request, first.manifest),
      blobs: loaded.flatMap(blobsToEvaluate),
    });
  }

  async #load(model: ModelName, version: number): Promise<LoadedVersion> {
    const record = await this.options.control.getVersion(model, version);
    if (record === undefined)
      throw new FedgeError(
        "VERSION_UNKNOWN",
        `there is no ${model}@${version}; see \`fedge model show ${model}\``,
      );
    const loaded = await loadVersion(this.options.blobs, record);
    requireEvalGraph(loaded.manifest);
    return loaded;
  }

  #begin(run: OpenEvaluation): void {
    const { clock } = this.options;
    const { runId, request, startedAtMs } = run.options;
    const endsAtMs = startedAtMs + request.deadlineMs;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const expire = (): void => this.#step(running, { type: "expired" });
    const cancel = clock.after(request.deadlineMs + GRACE_MS, expire);
    const running: Running = { run, endsAtMs, ended, end, cancel };
    this.#open.set(runId, running);
    this.#run(running, run.begins);
  }

  #step(running: Running, event: RunEvent): void {
    this.#run(running, running.run.step(event));
  }

  #run(running: Running, effects: readonly RunEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "ask") this.#ask(running, effect.deviceId);
      else void this.#close(running);
    }
  }

  #ask({ run, endsAtMs }: Running, deviceId: DeviceId): void {
    const { runId, request, versions } = run.options;
    const deadlineMs = Math.max(0, endsAtMs - this.options.clock.nowMs());
    const { model, maxExamples } = request;
    const message = { type: "evaluate", runId, attempt: 1, model, maxExamples, deadlineMs } as const;
    this.options.send(deviceId, { ...message, versions });
  }

  /** A result that cannot be kept is logged; whoever waits goes on without it. */
  async #close({ run, end, cancel }: Running): Promise<void> {
    const { store, clock, logger, publisher } = this.options;
    const { runId } = run.options;
    cancel();
    publisher.release(ownerOf(runId));
    try {
      const record = run.record(clock.nowMs());
      await store.saveRun(record);
      for (const evaluation of recordsOf(record)) await this.#keep(evaluation);
    } catch (error) {
      logger.error({ err: error, runId }, "an evaluation on devices could not be kept");
      this.options.counters.count("fedge_evaluations_failed_total");
    } finally {
      this.#open.delete(runId);
      end();
    }
  }

  async #keep(evaluation: EvaluationRecord): Promise<void> {
    await this.options.control.saveEvaluation(evaluation);
    await this.options.evaluated(evaluation);
  }

  #count(outcome: string): void {
    this.options.counters.count("fedge_evaluation_replies_total", { outcome });
  }
}

interface Running {
  readonly run: OpenEvaluation;
  /** When devices must have answered. */
  readonly endsAtMs: number;
  readonly ended: Promise<void>;
  readonly end: () => void;
  readonly cancel: () => void;
}

function ownerOf(runId: EvaluationRunId): string {
  return `evaluation ${runId}`;
}

function requireEvalGraph({ model, version, graphs }: ModelManifest): void {
  if (graphs.eval !== undefined) return;
  const remedy = "import the model with a target and a loss";
  throw new FedgeError("MODEL_INCOMPATIBLE", `${model}@${version} has no eval graph; ${remedy}`);
}

function blobsToEvaluate({ record, manifest }: LoadedVersion): BlobRef[] {
  const { graphs, checkpoint } = manifest;
  return [record.manifest, ...(graphs.eval === undefined ? [] : [graphs.eval]), checkpoint];
}
