import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FedgeError } from "@fedge/protocol";
import { makeTemporaryDirectory } from "../../state-directory/temporary-directory.js";

const SCRIPT = fileURLToPath(new URL("../../../bin/fedge.js", import.meta.url));

/** An aggregator in a process of its own, so that its work is not measured with the device's. */
export interface ServerChild {
  readonly url: string;
  /** A folder for what else the benchmark keeps; removed with the server's. */
  readonly directory: string;
  /** Posts JSON, or bytes, as the administrator. Throws SERVER_UNREACHABLE for a refusal. */
  post(path: string, body: object | Uint8Array<ArrayBuffer>): Promise<void>;
  get(path: string): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export async function startServerChild(): Promise<ServerChild> {
  const { path: directory, remove } = await makeTemporaryDirectory("fedge-bench-");
  const state = join(directory, "server");
  const port = await freePort();
  const flags = [
    "serve",
    "--state",
    state,
    "--port",
    String(port),
    "--mqtt-port",
    "0",
    "--log-level",
    "warn",
  ];
  const child = spawn(process.execPath, [SCRIPT, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => text.includes("http://") && resolve());
    child.once("exit", (code) => reject(new FedgeError("INTERNAL", `the aggregator ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  const token = readFileSync(join(state, "admin-token"), "utf8").trim();
  const close = async (): Promise<void> => {
    child.removeAllListeners("exit");
    const ended = child.exitCode === null ? once(child, "exit") : null;
    child.kill("SIGTERM");
    await ended;
    await remove();
  };
  return { url, directory, ...requestsTo(url, token), close };
}

function requestsTo(url: string, token: string): Pick<ServerChild, "post" | "get"> {
  return {
    post: async (path, body) => {
      const isBytes = body instanceof Uint8Array;
      const type = isBytes ? "application/octet-stream" : "application/json";
      const headers = { "content-type": type, authorization: `Bearer ${token}` };
      const init = { method: "POST", headers, body: isBytes ? body : JSON.stringify(body) };
      await answered(await fetch(`${url}${path}`, init));
    },
    get: async (path) => {
      const headers = { authorization: `Bearer ${token}` };
      return new Uint8Array(await (await answered(await fetch(`${url}${path}`, { headers }))).arrayBuffer());
    },
  };
}

async function answered(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new FedgeError("SERVER_UNREACHABLE", `${response.url}: ${response.status} ${await response.text()}`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
