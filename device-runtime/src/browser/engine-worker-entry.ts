import type { Endpoint } from "comlink";
import { serveEngine } from "./engine-api.js";
import { isEngineThread, runEngineThread } from "./engine-loaders/engine-thread.js";
import { loadWasmEngine } from "./engine-loaders/wasm-loader.js";

if (isEngineThread(self)) void runEngineThread(self, () => import("onnxruntime-web/wasm"));
else serveEngine(loadWasmEngine, self as Endpoint, navigator.locks);
