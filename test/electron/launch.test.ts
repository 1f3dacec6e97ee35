import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, type ElectronApplication, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { DemoProcess } from "../browser/demo-process.js";
import { field } from "../browser/keyboard-pages.js";
import { monitoredRows } from "../browser/monitor-page/monitored-rows.js";
import { eventually } from "../e2e/waiting.js";
import { buildMonitorProcess } from "./monitor-process.js";
import { testShellPage } from "./shell-page.js";

const executable = electronExecutable();

/** ELECTRON, or what `npx install-electron` has put beside the package; null where neither is. */
function electronExecutable(): string | null {
  const given = process.env["ELECTRON"];
  if (given !== undefined) return given;
  const folder = join(repositoryRoot, "node_modules/electron");
  const pathFile = join(folder, "path.txt");
  if (!existsSync(pathFile)) return null;
  const path = join(folder, "dist", readFileSync(pathFile, "utf8"));
  return existsSync(path) ? path : null;
}

interface WithUtilityProcess {
  readonly utilityProcess: {
    fork(path: string): { on(event: "message", hear: (said: unknown) => void): void; kill(): void };
  };
}

interface WithMetrics {
  readonly app: { getAppMetrics(): { readonly name?: string; readonly pid: number }[] };
}

describe.skipIf(executable === null)(
  "the shell in Electron itself (needs its binary: npx install-electron, or ELECTRON)",
  () => {
    let directory = "";
    let demo: DemoProcess;
    let app: ElectronApplication;
    let page: Page;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "fedge-electron-"));
      demo = await DemoProcess.start(3);
      app = await _electron.launch({
        executablePath: executable ?? "",
        args: [join(repositoryRoot, "electron-shell"), "--no-sandbox", `--user-data-dir=${directory}`],
        env: { ...process.env, FEDGE_SERVER: demo.url } as Record<string, string>,
      });
      page = await app.firstWindow();
      await field(page).waitFor();
    }, 180_000);
    afterAll(async () => {
      await app.close();
      await demo.close();
      await rm(directory, { recursive: true, force: true });
    });

    test("makes in its utility process the very window bytes that Node's monitor makes of the same rows", async () => {
      const built = await buildMonitorProcess();
      const inProcess = await app.evaluate(
        (electron, path) =>
          new Promise<unknown>((resolve) => {
            const child = (electron as unknown as WithUtilityProcess).utilityProcess.fork(path);
            child.on("message", (said) => {
              child.kill();
              resolve(said);
            });
          }),
        built.path,
      );
      await built.remove();

      expect(inProcess).toEqual(await monitoredRows());
    });

    test("serves its page from its own scheme", () => {
      expect(page.url()).toBe("app://fedge/");
    });

    const pidOfDevice = (): Promise<number | undefined> =>
      app.evaluate((electron) => {
        const { app: running } = electron as unknown as WithMetrics;
        return running.getAppMetrics().find(({ name }) => name === "Fedge device")?.pid;
      });

    testShellPage(() => ({
      page,
      serverUrl: demo.url,
      killDevice: async () => {
        const pid = await eventually("the process", pidOfDevice);
        process.kill(pid, "SIGKILL");
        await eventually("another process", async () => {
          const now = await pidOfDevice();
          return now === undefined || now === pid ? undefined : true;
        });
      },
    }));
  },
);
