import { expose } from "comlink";
import { createEngineApi } from "./engine-api.js";

expose(createEngineApi());
