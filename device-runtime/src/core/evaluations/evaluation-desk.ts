import { errorCodeOf, type Evaluate } from "@fedge/protocol";
import type { Evaluations, EvaluationsOptions } from "./evaluations.js";
import { loadOnDemand } from "../load-on-demand.js";

/** Has what measures versions loaded with the first one that the server asks for. */
export class EvaluationDesk {
  #evaluations: Evaluations | null = null;
  #loading: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly options: Omit<EvaluationsOptions, "errorCodeOf">) {}

  get isBusy(): boolean {
    return this.#evaluations?.isBusy ?? false;
  }

  receive(ask: Evaluate): void {
    this.#loading = this.#loading
      .then(async () => {
        const { Evaluations } = await loadOnDemand();
        if (this.#isClosed) return;
        this.#evaluations ??= new Evaluations({ ...this.options, errorCodeOf });
        this.#evaluations.receive(ask);
      })
      .catch(this.options.onError);
  }

  /** Nothing where none was ever asked for. */
  tell(does: (evaluations: Evaluations) => void): void {
    if (this.#evaluations !== null) does(this.#evaluations);
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#loading;
    await this.#evaluations?.close();
  }
}
