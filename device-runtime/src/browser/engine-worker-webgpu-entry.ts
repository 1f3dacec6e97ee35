import type { Endpoint } from "comlink";
import { serveEngine } from "./engine-api.js";
import { isEngineThread, runEngineThread } from "./engine-loaders/engine-thread.js";
import { loadWebGpuEngine } from "./engine-loaders/webgpu-loader.js";

if (isEngineThread(self)) void runEngineThread(self, () => import("onnxruntime-web/webgpu"));
else serveEngine(loadWebGpuEngine, self as Endpoint, navigator.locks);
