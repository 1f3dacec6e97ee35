import { expose } from "comlink";
import { createEngineApi } from "./engine-api.js";
import { loadWasmEngine } from "./engine-loaders/wasm-loader.js";

expose(createEngineApi(loadWasmEngine));
