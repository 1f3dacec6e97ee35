import { monitoredRows } from "./monitored-rows.js";

declare global {
  interface Window {
    readonly monitoredRows: typeof monitoredRows;
  }
}

Object.assign(window, { monitoredRows });
