import { expose } from "comlink";
import { createEngineApi } from "./engine-api.js";
import { loadTfjsEngine } from "./engine-loaders/tfjs-loader.js";

expose(createEngineApi(loadTfjsEngine));
