import type { Endpoint } from "comlink";
import { serveEngine } from "./engine-api.js";
import { loadTfjsEngine } from "./engine-loaders/tfjs-loader.js";

serveEngine(loadTfjsEngine, self as Endpoint, navigator.locks);
