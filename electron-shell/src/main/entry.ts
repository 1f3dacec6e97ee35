import * as electron from "electron";
import { fileURLToPath } from "node:url";
import { startShell } from "./start-shell.js";

const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// As `fedge keys export-root` writes it; without one, the root that the server names at enrolment is trusted.
const trustedRootFile = process.env["FEDGE_TRUSTED_ROOT"] ?? "";

// Not awaited here: Electron is not ready before this module has ended.
startShell(electron, {
  appName: "Fedge keyboard",
  server: process.env["FEDGE_SERVER"] ?? "http://127.0.0.1:8787",
  ...(trustedRootFile === "" ? {} : { trustedRootFile }),
  model: "next-word",
  // The scores of all words are of no use later.
  featureLog: { maxOutputBytes: 0 },
  pageDirectory: beside("../page"),
  iconPath: beside("../../assets/icon.png"),
  trayIconPath: beside("../../assets/tray.png"),
}).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  electron.app.exit(1);
});
