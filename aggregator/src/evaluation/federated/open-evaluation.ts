import type { BlobRef, DeviceId, Evaluate, Evaluated, EvaluationRunId } from "@fedge/protocol";
import { believedReply, type ReplyBounds } from "./check-reply.js";
import { cohortResult, type Answers } from "./cohort-result.js";
import type { CohortResult, EvaluationRequest, EvaluationRunRecord } from "./run-record.js";
import { numWith, openRun, stepRun, type RunEffect, type RunEvent, type RunState } from "./run-machine.js";

export interface OpenEvaluationOptions {
  readonly runId: EvaluationRunId;
  readonly request: EvaluationRequest;
  readonly actor: string;
  readonly startedAtMs: number;
  readonly versions: Evaluate["versions"];
  /** In the order in which they are asked, each with the segments that it is in. */
  readonly candidates: ReadonlyMap<DeviceId, readonly string[]>;
  readonly bounds: ReplyBounds;
  /** What must be reachable for devices while it is open. */
  readonly blobs: readonly BlobRef[];
}

/** One run in memory: its state, its effects, and what it looks like from outside. */
export class OpenEvaluation {
  #state: RunState;
  readonly #asked: readonly RunEffect[];

  constructor(readonly options: OpenEvaluationOptions) {
    const { state, effects } = openRun([...options.candidates.keys()], options.request.numDevices);
    this.#state = state;
    this.#asked = effects;
  }

  /** The first to ask. */
  get begins(): readonly RunEffect[] {
    return this.#asked;
  }

  get isClosed(): boolean {
    return this.#state.closed !== null;
  }

  step(event: RunEvent): readonly RunEffect[] {
    const { state, effects } = stepRun(this.#state, event);
    this.#state = state;
    return effects;
  }

  isMember(deviceId: DeviceId): boolean {
    return this.#state.members.has(deviceId);
  }

  /** What of a reply counts. Throws EVALUATION_INVALID. */
  believed(reply: Evaluated): Evaluated {
    return believedReply(reply, this.options.bounds);
  }

  /** What is kept and shown of it: before the end counts only, and never less than a cohort. */
  record(endedAtMs: number | null): EvaluationRunRecord {
    const { runId, request, actor, startedAtMs } = this.options;
    const state = this.#state;
    const answers = this.#answers();
    const isEnough = answers.length >= request.minDevices;
    const isShown = state.closed !== null && state.closed.type !== "abandoned" && isEnough;
    const tooFew = `${answers.length} devices answered; nothing is shown of fewer than ${request.minDevices}`;
    const reason = state.closed === null || isShown || state.closed.type === "abandoned" ? null : tooFew;
    return {
      ...{ runId, request, actor, startedAtMs, endedAtMs },
      state: state.closed === null ? "running" : state.closed.type === "abandoned" ? "abandoned" : "finished",
      reason: reason ?? state.closed?.reason ?? null,
      numAsked: state.members.size,
      numAnswered: answers.length,
      numLost: numWith(state, "lost"),
      declined: this.#declined(),
      result: isShown ? cohortResult(answers, request) : null,
      segments: request.segments.map((segment) => ({
        segment,
        result: isShown ? this.#ofSegment(answers, segment) : null,
      })),
    };
  }

  /** Null where the segment, or what the whole has beside it, is fewer than a cohort: the difference would show those. */
  #ofSegment(answers: Answers, segment: string): CohortResult | null {
    const { request, candidates } = this.options;
    const inside = answers.filter(([deviceId]) => candidates.get(deviceId)?.includes(segment) === true);
    const numOutside = answers.length - inside.length;
    if (inside.length < request.minDevices) return null;
    if (numOutside > 0 && numOutside < request.minDevices) return null;
    return cohortResult(inside, request);
  }

  #answers(): Answers {
    return [...this.#state.members].flatMap(([deviceId, outcome]) =>
      outcome.type === "answered" ? [[deviceId, outcome.reply] as const] : [],
    );
  }

  #declined(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const outcome of this.#state.members.values()) {
      if (outcome.type === "declined") counts[outcome.reason] = (counts[outcome.reason] ?? 0) + 1;
    }
    return counts;
  }
}
