import { afterEach, expect, test, vi } from "vitest";
import { loadWasmEngine } from "./wasm-loader.js";
import { loadWebGpuEngine } from "./webgpu-loader.js";
import { requireWebAssembly } from "./require-web-assembly.js";

afterEach(() => vi.unstubAllGlobals());

const SETTINGS = { numThreads: 1, provider: null };
const THREAD = { nowMs: () => 0, yieldToOthers: () => Promise.resolve() };

/** What a content security policy without 'wasm-unsafe-eval' leaves of WebAssembly. */
function forbidCompiling(): void {
  const Module = class {
    constructor() {
      throw new Error("Refused to compile or instantiate WebAssembly module");
    }
  };
  vi.stubGlobal("WebAssembly", { ...WebAssembly, Module });
}

test("WebAssembly that may be compiled is no reason against", () => {
  expect(() => requireWebAssembly()).not.toThrow();
});

test.each([
  ["in WebAssembly", loadWasmEngine],
  ["on WebGPU", loadWebGpuEngine],
])("the engine %s says how a policy has to be changed that forbids compiling", async (_, load) => {
  forbidCompiling();

  await expect(load(SETTINGS, THREAD)).rejects.toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    message: expect.stringContaining("add 'wasm-unsafe-eval' to its script-src") as string,
  });
});
