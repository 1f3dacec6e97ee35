import { numValues } from "@fedge/protocol";
import type { InferenceSession } from "onnxruntime-common";
import type { OnnxRuntime } from "../../engines/onnx/runtime.js";
import type { Provider, ProviderTimes } from "./engine-provider.js";
import { PROBE_MODEL } from "./probe-model.generated.js";

/** Both providers together; what takes longer is not worth knowing. */
const MAX_MS = 300;
const MAX_RUNS = 20;
const X_SHAPE = [128, 256];
const W_SHAPE = [256, 256];

export interface ProbeParts {
  readonly runtime: OnnxRuntime;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
  /** Whether the browser gives a graphics adapter. */
  readonly hasAdapter: () => Promise<boolean>;
}

/** The median time of one run of a small model on each provider, after a run that is not counted. */
export async function probeProviders(parts: ProbeParts): Promise<ProviderTimes> {
  const wasm = await timeOf(parts, "wasm");
  const hasAdapter = await parts.hasAdapter().catch(() => false);
  if (!hasAdapter) return { webgpuMs: null, wasmMs: wasm.ms, failure: null };
  const webgpu = await timeOf(parts, "webgpu");
  return { webgpuMs: webgpu.ms, wasmMs: wasm.ms, failure: webgpu.failure };
}

interface Timed {
  readonly ms: number | null;
  readonly failure: string | null;
}

async function timeOf({ runtime, nowMs }: ProbeParts, provider: Provider): Promise<Timed> {
  try {
    const session = await runtime.InferenceSession.create(probeModel(), { executionProviders: [provider] });
    try {
      return { ms: await medianRunMs(runtime, session, nowMs), failure: null };
    } finally {
      await session.release();
    }
  } catch (error) {
    return { ms: null, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function medianRunMs(
  runtime: OnnxRuntime,
  session: InferenceSession,
  nowMs: () => number,
): Promise<number> {
  const tensor = (shape: readonly number[]): InstanceType<OnnxRuntime["Tensor"]> => {
    const length = numValues(shape);
    return new runtime.Tensor("float32", new Float32Array(length).fill(0.01), shape);
  };
  const feeds = { x: tensor(X_SHAPE), w: tensor(W_SHAPE) };
  await session.run(feeds);
  const times: number[] = [];
  const endsAtMs = nowMs() + MAX_MS / 2;
  do {
    const startedAtMs = nowMs();
    await session.run(feeds);
    times.push(nowMs() - startedAtMs);
  } while (times.length < MAX_RUNS && nowMs() < endsAtMs);
  times.sort((one, other) => one - other);
  return times[Math.floor(times.length / 2)] as number;
}

function probeModel(): Uint8Array {
  return Uint8Array.from(atob(PROBE_MODEL), (letter) => letter.charCodeAt(0));
}
