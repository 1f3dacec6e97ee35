/** What a pace needs of the thread that it slows down. */
export interface PaceThread {
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
  /** Lets other work of the thread run, such as a message that asks to step aside. */
  readonly yieldToOthers: () => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

/** After somebody has asked for an answer, others may follow for so long. */
const ASIDE_MS = 40;
/** Under requests without an end a training still gets a tenth of the time. */
const MAX_WAIT_MS = 90;
const MIN_RUN_MS = 10;

/**
 * Lets a training wait between two steps while somebody waits for answers: on a device with few cores it would take one
 * of them.
 */
export class TrainingPace {
  #asideUntilMs = Number.NEGATIVE_INFINITY;
  #ranSinceMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly thread: PaceThread) {}

  /** Somebody waits for an answer now. May be called as often as somebody does. */
  stepAside(): void {
    this.#asideUntilMs = this.thread.nowMs() + ASIDE_MS;
  }

  /** To be awaited between steps. */
  readonly yieldToOthers = async (): Promise<void> => {
    const { nowMs, yieldToOthers, sleep } = this.thread;
    await yieldToOthers();
    const beganAtMs = nowMs();
    if (beganAtMs >= this.#asideUntilMs || beganAtMs - this.#ranSinceMs < MIN_RUN_MS) return;
    for (let now = beganAtMs; now < this.#asideUntilMs && now - beganAtMs < MAX_WAIT_MS; now = nowMs())
      await sleep(Math.min(this.#asideUntilMs - now, MAX_WAIT_MS - (now - beganAtMs)));
    this.#ranSinceMs = nowMs();
  };
}

/** How long a trainer goes on before it looks up. */
const LOOK_UP_EVERY_MS = 4;

/** The wait between two steps, no more often than it takes to be noticed. */
export function lookingUp(thread: Pick<PaceThread, "nowMs" | "yieldToOthers">): () => Promise<void> {
  let lookedUpAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (thread.nowMs() - lookedUpAtMs < LOOK_UP_EVERY_MS) return;
    await thread.yieldToOthers();
    lookedUpAtMs = thread.nowMs();
  };
}
