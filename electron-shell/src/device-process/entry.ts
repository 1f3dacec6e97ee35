import { createDevice } from "@fedge/device-runtime/node";
import { runDeviceProcess } from "./device-process.js";
import { parentOf } from "./parent.js";

// The trainer is a child of this process: under Electron its executable is Electron, which is Node only when asked.
process.env["ELECTRON_RUN_AS_NODE"] = "1";

runDeviceProcess({ parent: parentOf(process), createDevice, exit: () => process.exit(0) });
