import type { Sha256 } from "@fedge/protocol";
import { createHash } from "node:crypto";
import type { EvaluationData } from "./evaluation-data.js";

/** Names a data set by its content: shapes and values of inputs and target, in order. */
export function digestOf({ inputs, target, numExamples }: EvaluationData): Sha256 {
  const hash = createHash("sha256").update(String(numExamples));
  for (const { name, elementType, exampleShape, data } of [...inputs, target]) {
    hash.update(JSON.stringify([name, elementType, exampleShape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex") as Sha256;
}
