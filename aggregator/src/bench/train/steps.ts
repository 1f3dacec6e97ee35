/** Something that takes training steps of one model, on one thread. */
export interface Steps {
  /** Takes steps for about `durationMs` and returns the examples per second of the best stretch. */
  measure(durationMs: number): Promise<number>;
  /** Takes so many steps. */
  take(numSteps: number): Promise<void>;
  close(): Promise<void>;
}

/** Models of the zoo that are compared; every side has the same architecture. */
export const COMPARED_MODELS = ["2nn", "gru", "lstm", "cnn"] as const;
export type ComparedModel = (typeof COMPARED_MODELS)[number];

export const BATCH_SIZE = 32;
/** Words that the next-word models know. */
export const VOCABULARY = 2000;
/** Steps of one stretch; the best of them is the one that other work on the machine disturbed least. */
const STEPS_PER_STRETCH = 5;
/** Steps before the first measured one. */
const WARM_UP_STEPS = 3;

/** Repeats `step` and returns the examples per second of the fastest stretch. */
async function bestRate(step: () => Promise<void>, durationMs: number): Promise<number> {
  for (let index = 0; index < WARM_UP_STEPS; index += 1) await step();
  const startedAtMs = performance.now();
  let bestMs = Infinity;
  do {
    const beginMs = performance.now();
    for (let index = 0; index < STEPS_PER_STRETCH; index += 1) await step();
    bestMs = Math.min(bestMs, (performance.now() - beginMs) / STEPS_PER_STRETCH);
  } while (performance.now() - startedAtMs < durationMs);
  return (BATCH_SIZE / bestMs) * 1000;
}

/** Steps of a function that takes one. */
export function stepsOf(step: () => Promise<void>, close: () => Promise<void>): Steps {
  return {
    measure: (durationMs) => bestRate(step, durationMs),
    async take(numSteps) {
      for (let index = 0; index < numSteps; index += 1) await step();
    },
    close,
  };
}
