import { keyIdOf, type MetadataSigner, type Sha256 } from "@fedge/protocol";
import { SimulatedRepository } from "@fedge/protocol/testing";
import { fork, type ChildProcess } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runFedge } from "./fedge-command.js";

export const DAY_MS = 86_400_000;

const digest = {
  sha256: async (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex") as Sha256,
};

export async function newSigner(): Promise<MetadataSigner> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(12);
  const key = { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw.toString("hex") } };
  return {
    keyId: await keyIdOf(key, digest),
    key,
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** Runs `fedge` with these arguments and gives its exit code. */
export type FedgeRunner = (args: readonly string[], cwd: string) => Promise<number | null>;

/** A process of its own for each command. */
export const ownProcess: FedgeRunner = async (args, cwd) => (await runFedge(args, { cwd })).exitCode;

/** One process that has loaded `fedge` already and runs one command after the other. */
export class FedgeHost {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL("./tuf-host.mjs", import.meta.url)), {
    stdio: "ignore",
  });

  readonly run: FedgeRunner = (args) =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error("the process that runs fedge ended"));
      this.#child.once("exit", ended);
      this.#child.once("message", ({ exitCode }: { readonly exitCode: number }) => {
        this.#child.off("exit", ended);
        resolve(exitCode);
      });
      this.#child.send(args);
    });

  /** Called once every command has answered. */
  close(): void {
    this.#child.disconnect();
  }
}

/** A TUF repository behind HTTP, and `fedge tuf`, driven as the public suite drives a client. */
export class TufDriver {
  readonly #folder = mkdtempSync(join(tmpdir(), "fedge-tuf-driver-"));
  readonly asked: string[] = [];

  private constructor(
    readonly repository: SimulatedRepository,
    private readonly server: Server,
    private readonly run: FedgeRunner,
  ) {}

  static async open(run: FedgeRunner): Promise<TufDriver> {
    const expiresAtMs = Date.now() + 30 * DAY_MS;
    const repository = await SimulatedRepository.open({ newSigner, digest, expiresAtMs });
    const server = createServer((request, response) => {
      driver.asked.push(request.url ?? "");
      void driver.#answer(request.url ?? "").then((bytes) => {
        response.statusCode = bytes === undefined ? 404 : 200;
        response.end(bytes);
      });
    });
    const driver = new TufDriver(repository, server, run);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return driver;
  }

  close(): void {
    this.server.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** The exit code of `init` with these bytes, or the first root's. */
  init(root: Uint8Array = this.repository.bytes("root", 1)): Promise<number | null> {
    const path = join(this.#folder, "initial_root.json");
    writeFileSync(path, root);
    return this.#run("--metadata-dir", this.#metadata, "init", path);
  }

  refresh(): Promise<number | null> {
    return this.#run("--metadata-url", this.#url("metadata"), "--metadata-dir", this.#metadata, "refresh");
  }

  download(targetName: string): Promise<number | null> {
    return this.#run(
      ...["--metadata-url", this.#url("metadata"), "--metadata-dir", this.#metadata],
      ...["--target-name", targetName, "--target-dir", join(this.#folder, "targets")],
      ...["--target-base-url", this.#url("targets"), "download"],
    );
  }

  /** Version of the metadata that are trusted, by role. */
  versions(): Record<string, number> {
    return Object.fromEntries(
      this.files().map((name) => {
        const file = JSON.parse(readFileSync(join(this.#metadata, name), "utf8")) as {
          signed: { version: number };
        };
        return [name.replace(/\.json$/, ""), file.signed.version];
      }),
    );
  }

  files(): string[] {
    return readdirSync(this.#metadata).sort();
  }

  downloaded(): string[] {
    const directory = join(this.#folder, "targets");
    return readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"));
  }

  #run(...args: string[]): Promise<number | null> {
    return this.run(["tuf", ...args], this.#folder);
  }

  get #metadata(): string {
    return join(this.#folder, "metadata");
  }

  #url(kind: "metadata" | "targets"): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${kind}`;
  }

  /** As a web server of the repository's files, whose names begin with a version or a hash where snapshots are consistent. */
  async #answer(address: string): Promise<Uint8Array | undefined> {
    const file = /^\/metadata\/(?:(\d+)\.)?(.+)\.json$/.exec(address);
    if (file !== null) {
      const role = decodeURIComponent(file[2] ?? "");
      const version = file[1] === undefined ? null : Number(file[1]);
      return this.repository.fetch({ role, version, expected: null, maxBytes: 1e6 });
    }
    const isConsistent = this.repository.root["consistent_snapshot"] === true;
    const name = /^\/targets\/(.*)$/.exec(address)?.[1] ?? "";
    const path = isConsistent ? name.replace(/[0-9a-f]{64}\.([^/]+)$/, "$1") : name;
    return this.repository.artifacts.get(decodeURIComponent(path));
  }
}
