import * as z from "zod/mini";

/** What runs a model's operators in a page. */
export type Provider = "webgpu" | "wasm";

/** What a page runs its models on, and why. */
export interface ProviderChoice {
  readonly provider: Provider;
  /** In words that a person can read. */
  readonly reason: string;
}

/** What a measurement of both gave; null for a provider that does not run here. */
export interface ProviderTimes {
  readonly webgpuMs: number | null;
  readonly wasmMs: number | null;
  /** Why a provider does not run, where it said so. */
  readonly failure: string | null;
}

/** A graphics card that is hardly faster is not worth the memory that it takes, and what it costs a battery. */
const MIN_GAIN = 1.2;

/** WebGPU where it is faster by a fifth, WebAssembly otherwise. */
export function chooseProvider({ webgpuMs, wasmMs, failure }: ProviderTimes): ProviderChoice {
  if (webgpuMs === null)
    return { provider: "wasm", reason: `WebGPU does not run here: ${failure ?? "no adapter"}` };
  if (wasmMs === null) return { provider: "webgpu", reason: "WebAssembly does not run here" };
  const times = `WebGPU ${webgpuMs.toFixed(1)} ms, WebAssembly ${wasmMs.toFixed(1)} ms`;
  return { provider: wasmMs >= MIN_GAIN * webgpuMs ? "webgpu" : "wasm", reason: `measured: ${times}` };
}

const kept = z.object({
  provider: z.enum(["webgpu", "wasm"]),
  reason: z.string(),
  atMs: z.number(),
  measuredOn: z.string(),
});

/** Drivers change under the same browser. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The choice as it is remembered, with what it was measured on. */
export function encodeChoice(choice: ProviderChoice, measuredOn: string, nowMs: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ ...choice, atMs: nowMs, measuredOn }));
}

/** What was remembered; null when it was measured on something else, longer than 30 days ago, or is damaged. */
export function rememberedChoice(
  bytes: Uint8Array | undefined,
  measuredOn: string,
  nowMs: number,
): ProviderChoice | null {
  const { data } = kept.safeParse(parsed(bytes));
  if (data?.measuredOn !== measuredOn) return null;
  const ageMs = nowMs - data.atMs;
  return ageMs >= 0 && ageMs < KEPT_MS ? { provider: data.provider, reason: data.reason } : null;
}

function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Damaged or missing: it is measured again.
    return null;
  }
}
