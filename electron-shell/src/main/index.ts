/**
 * The main process of a desktop app whose device lives in a utility process.
 *
 * @module @fedge/electron-shell/main
 */
export { startShell, type Shell } from "./start-shell.js";
export type { ShellOptions } from "./shell-options.js";
export type { ProcessState } from "./device-supervisor.js";
export { DESKTOP_POLICY } from "./host-conditions.js";
export type * from "./electron-api.js";
