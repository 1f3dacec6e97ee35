import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PATHS = [
  "/usr/sbin/mosquitto",
  "/usr/bin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
];

export interface Mosquitto {
  readonly port: number;
  close(): Promise<void>;
}

/** The program, or undefined when it is not installed. */
export function findMosquitto(): string | undefined {
  return PATHS.find((path) => existsSync(path));
}

/** A mosquitto of the test's own, with the settings of an operator who changed nothing but the port. */
export async function startMosquitto(program: string): Promise<Mosquitto> {
  const directory = await mkdtemp(join(tmpdir(), "fedge-mosquitto-"));
  const port = await freePort();
  const file = join(directory, "mosquitto.conf");
  await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n`);
  const broker = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface({ input: broker.stderr })) {
    if (/mosquitto version .* running/.test(line)) break;
  }
  broker.stderr.resume();
  return {
    port,
    close: async () => {
      const exited = broker.exitCode === null ? once(broker, "exit") : Promise.resolve();
      broker.kill("SIGTERM");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
