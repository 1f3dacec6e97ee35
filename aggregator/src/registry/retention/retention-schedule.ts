import type { Clock } from "../../clock/clock.js";
import type { Logger } from "../../rounds/ports.js";
import { SYSTEM } from "../aliases/aliases.js";
import type { Retention } from "./retention.js";

const DAY_MS = 24 * 3600 * 1000;

/** Runs retention when the server starts and once a day. A run that fails is logged and comes again the next day. */
export class RetentionSchedule {
  #cancel: () => void = () => undefined;
  #underWay: Promise<void> = Promise.resolve();

  constructor(
    private readonly retention: Retention,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#cancel = this.clock.after(DAY_MS, () => this.start());
    this.#underWay = this.#run();
  }

  /** Resolves when a run under way has ended. */
  settled(): Promise<void> {
    return this.#underWay;
  }

  /** No run begins any more; resolves as `settled`. */
  close(): Promise<void> {
    this.#cancel();
    return this.#underWay;
  }

  async #run(): Promise<void> {
    try {
      const { deleted, held, numSumsForgotten } = await this.retention.run(SYSTEM);
      if (deleted.length + held.length + numSumsForgotten === 0) return;
      this.logger.info({ deleted, held, numSumsForgotten }, "the retention policy was applied");
    } catch (error) {
      this.logger.error({ err: error }, "the retention policy could not be applied");
    }
  }
}
