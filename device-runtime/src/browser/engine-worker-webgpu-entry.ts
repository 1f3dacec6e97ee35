import { expose } from "comlink";
import { createEngineApi } from "./engine-api.js";
import { loadWebGpuEngine } from "./engine-loaders/webgpu-loader.js";

expose(createEngineApi(loadWebGpuEngine));
