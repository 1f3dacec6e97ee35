import { readFileSync } from "node:fs";
import initialise from "wabt";

/** Bytes of the kernels' WebAssembly module. */
export async function compileKernels() {
  const wabt = await initialise();
  const source = readFileSync(new URL("./fold.wat", import.meta.url), "utf8");
  const module = wabt.parseWat("fold.wat", source, { simd: true });
  try {
    module.resolveNames();
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
