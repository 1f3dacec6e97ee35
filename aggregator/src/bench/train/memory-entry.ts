import { readFileSync } from "node:fs";
import { loadOnnxRuntime } from "@fedge/device-runtime/node";
import { openOnnxSteps } from "./onnx-steps.js";
import { COMPARED_MODELS } from "./steps.js";

/** Largest resident memory of this process since it began (proc(5), VmHWM). */
function peakBytes(): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

async function main(): Promise<void> {
  const model = COMPARED_MODELS.find((name) => name === process.argv[2]);
  if (model === undefined) throw new Error(`there is no model "${String(process.argv[2])}"`);
  await loadOnnxRuntime(["onnxruntime-node"]);
  const before = peakBytes();
  const steps = await openOnnxSteps("onnxruntime-node", model);
  await steps.take(50);
  process.send?.(peakBytes() - before);
  await steps.close();
  process.disconnect();
}

await main();
