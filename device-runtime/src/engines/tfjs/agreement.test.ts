import { beforeAll, describe, expect, test } from "vitest";
import type { TrainingRequest } from "../../core/ports/engine.js";
import { loadTfjsRuntime, NODE_BACKENDS } from "../../node/tfjs-runtime.js";
import { createTfjsTrainer, type TfjsRuntime } from "./index.js";
import { AGREEMENT_CASES, agreementRequest, distanceOf } from "./testing/agreement-cases.js";

const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };

let runtime: TfjsRuntime;
beforeAll(async () => {
  await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "cpu"));
  ({ runtime } = await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "wasm")));
});

async function deltaOn(backend: string, request: TrainingRequest): Promise<Float32Array> {
  await runtime.core.setBackend(backend);
  const yieldToOthers = (): Promise<void> => Promise.resolve();
  const trainer = createTfjsTrainer(runtime, { nowMs: () => performance.now(), yieldToOthers });
  try {
    return (await trainer.train(request, never)).delta;
  } finally {
    await trainer.close();
  }
}

/*
 * 1e-5 of what the largest weight moves by: five steps of float32 sums in another order. The JavaScript backend is
 * another implementation of every kernel.
 */
describe.each(AGREEMENT_CASES.map((one) => [one[0], one] as const))("five steps of %s", (_, one) => {
  test("move the weights alike on WASM and on the JavaScript backend", async () => {
    const request = agreementRequest(runtime, one);

    const { largest, apart } = distanceOf(await deltaOn("cpu", request), await deltaOn("wasm", request));

    expect(largest).toBeGreaterThan(1e-3);
    expect(apart).toBeLessThanOrEqual(1e-5 * Math.max(1, largest));
  });
});
