import type { ModelName, TaskId } from "@fedge/protocol";
import type { AggregatorService } from "../service.js";
import type { EvaluationRecord } from "../store/port.js";
import { readRounds, roundResult, type RoundResult } from "./result.js";

/** Tells of each round of a task once, in order, when it is over and its version is evaluated. */
export class RoundFollower {
  readonly #evaluations = new Map<number, EvaluationRecord>();
  readonly #unsubscribe: () => void;
  #numTold = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly service: AggregatorService,
    private readonly of: { readonly taskId: TaskId; readonly model: ModelName },
    private readonly tell: (result: RoundResult) => void,
  ) {
    this.#unsubscribe = service.onEvent((event) => {
      if (event.type !== "version-evaluated" || event.evaluation.model !== of.model) return;
      this.#evaluations.set(event.evaluation.version, event.evaluation);
      this.#reading = this.#reading.then(() => this.#read());
    });
  }

  /** Resolves when everything heard so far is told. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for (const round of await readRounds(this.service, this.of.taskId, this.#numTold)) {
      const evaluation = round.version === null ? undefined : this.#evaluations.get(round.version);
      if (round.version !== null && evaluation === undefined) return;
      this.#numTold += 1;
      this.tell(roundResult(round, evaluation));
    }
  }
}
