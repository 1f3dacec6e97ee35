import { describe, expect, test } from "vitest";
import { chooseProvider, encodeChoice, rememberedChoice, type ProviderTimes } from "./engine-provider.js";

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 24 * 3_600_000;

describe("a page runs its models on", () => {
  test.each<[string, ProviderTimes, string]>([
    ["WebGPU where it is faster by a fifth", { webgpuMs: 10, wasmMs: 12, failure: null }, "webgpu"],
    ["WebAssembly where it is hardly slower", { webgpuMs: 10, wasmMs: 11.9, failure: null }, "wasm"],
    ["WebAssembly where it is faster", { webgpuMs: 10, wasmMs: 1, failure: null }, "wasm"],
    ["WebAssembly where WebGPU fails", { webgpuMs: null, wasmMs: 1, failure: "lost" }, "wasm"],
    ["WebGPU where WebAssembly fails", { webgpuMs: 1, wasmMs: null, failure: null }, "webgpu"],
    ["WebAssembly where neither was measured", { webgpuMs: null, wasmMs: null, failure: null }, "wasm"],
  ])("%s", (_, times, provider) => {
    expect(chooseProvider(times).provider).toBe(provider);
  });

  test("what it says the reason of", () => {
    expect(chooseProvider({ webgpuMs: 10.04, wasmMs: 20, failure: null }).reason).toBe(
      "measured: WebGPU 10.0 ms, WebAssembly 20.0 ms",
    );
    expect(chooseProvider({ webgpuMs: null, wasmMs: 1, failure: "the device was lost" }).reason).toBe(
      "WebGPU does not run here: the device was lost",
    );
  });
});

describe("a choice is remembered", () => {
  const choice = { provider: "webgpu", reason: "measured" } as const;
  const bytes = encodeChoice(choice, "0.1.0 Chrome 156", NOW_MS);

  test("for 30 days", () => {
    const later = [0, 30 * DAY_MS - 1, 30 * DAY_MS].map((ageMs) =>
      rememberedChoice(bytes, "0.1.0 Chrome 156", NOW_MS + ageMs),
    );

    expect(later).toEqual([choice, choice, null]);
  });

  test("for the same runtime and browser only", () => {
    expect(rememberedChoice(bytes, "0.1.0 Chrome 157", NOW_MS)).toBeNull();
  });

  test("unless the clock was set back behind it", () => {
    expect(rememberedChoice(bytes, "0.1.0 Chrome 156", NOW_MS - 1)).toBeNull();
  });

  test.each([undefined, new Uint8Array(), new TextEncoder().encode("{}"), Uint8Array.of(0xff)])(
    "unless it is damaged or missing (%#)",
    (damaged) => {
      expect(rememberedChoice(damaged, "0.1.0 Chrome 156", NOW_MS)).toBeNull();
    },
  );
});
