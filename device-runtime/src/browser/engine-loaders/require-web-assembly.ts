import { FedgeError } from "@fedge/protocol";

/** The smallest module that there is: its magic number and its version (WebAssembly core specification, 5.5.16). */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Throws ENGINE_UNAVAILABLE where WebAssembly may not be compiled, before an engine of some megabytes is fetched for nothing. */
export function requireWebAssembly(): void {
  try {
    new WebAssembly.Module(EMPTY_MODULE);
  } catch (cause) {
    throw new FedgeError(
      "ENGINE_UNAVAILABLE",
      `WebAssembly may not be compiled here; if a content security policy forbids it, add 'wasm-unsafe-eval' to its script-src: ${String(cause)}`,
      { cause },
    );
  }
}
