import { contextBridge, ipcRenderer } from "electron";
import { bridge } from "./bridge.js";

bridge({ contextBridge, ipcRenderer }, window);
