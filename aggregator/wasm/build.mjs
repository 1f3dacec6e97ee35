// Compiles the fold kernels: node aggregator/wasm/build.mjs
import { writeFileSync } from "node:fs";
import { compileKernels } from "./compile.mjs";

const bytes = await compileKernels();
const base64 = Buffer.from(bytes).toString("base64");
const lines = base64.match(/.{1,100}/g).map((line) => `  "${line}",`);
const target = new URL("../src/aggregation/fold-kernels.generated.ts", import.meta.url);
const header = "// Made by aggregator/wasm/build.mjs from aggregator/wasm/fold.wat.\n";
writeFileSync(target, `${header}export const FOLD_KERNELS_BASE64 = [\n${lines.join("\n")}\n].join("");\n`);
