import initialise from "wabt";
import { kernelsText } from "./kernels.mjs";

/** Bytes of the kernels' WebAssembly module. */
export async function compileKernels() {
  const wabt = await initialise();
  const module = wabt.parseWat("kernels.wat", kernelsText(), { simd: true });
  try {
    module.resolveNames();
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
