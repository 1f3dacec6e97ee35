import { FedgeError } from "@fedge/protocol";

/** Throws `ONNX_OPTION_INVALID` naming the first size that is not a whole number from 1. */
export function checkSizes(sizes: Readonly<Record<string, number>>): void {
  for (const [option, size] of Object.entries(sizes)) {
    if (Number.isSafeInteger(size) && size >= 1) continue;
    throw new FedgeError("ONNX_OPTION_INVALID", `option "${option}" is ${size}; use a whole number from 1`, {
      details: { option },
    });
  }
}
