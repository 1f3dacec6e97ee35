import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ShellOptions } from "@fedge/electron-shell/main";
import { startShell } from "../../electron-shell/src/main/start-shell.js";
import { ElectronDouble } from "../../electron-shell/src/testing/electron-double.js";
import { forkedProcess, type ProcessDouble } from "../../electron-shell/src/testing/process-double.js";
import { repositoryRoot } from "../architecture/source-files.js";

/** The shell's main process on a double of Electron, with the device in a real process. */
export interface RunningShell {
  readonly electron: ElectronDouble;
  /** Every process that was started, the newest last. */
  readonly processes: readonly ProcessDouble[];
  readonly errors: readonly unknown[];
  /** Quits as its person would; resolves when the device's process has ended. */
  quit(): Promise<void>;
}

/** Starts it on a machine that nobody has used for an hour. */
export async function runShell(
  options: Pick<ShellOptions, "server" | "model"> & Partial<ShellOptions>,
  userData: string,
): Promise<RunningShell> {
  await mkdir(userData, { recursive: true });
  const processes: ProcessDouble[] = [];
  const electron = new ElectronDouble({
    userData,
    fork: (path) => {
      processes.push(forkedProcess(path));
      return processes.at(-1) as ProcessDouble;
    },
  });
  electron.idleSeconds = 3600;
  const errors: unknown[] = [];
  const shell = await startShell(electron.api, {
    ...{ appName: "Fedge", iconPath: "icon.png", trayIconPath: "tray.png" },
    pageDirectory: join(repositoryRoot, "electron-shell/dist/page"),
    deviceProcessPath: join(repositoryRoot, "electron-shell/dist/device-process/entry.js"),
    onError: (error) => errors.push(error),
    ...options,
  });
  if (shell === null) throw new Error("another shell holds the lock");
  return {
    ...{ electron, processes, errors },
    quit: async () => {
      electron.quit();
      await shell.supervisor.stop();
    },
  };
}
