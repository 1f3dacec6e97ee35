import { pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { repositoryRoot } from "../architecture/source-files.js";

const PROGRAMS = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"];
/** What mosquitto 2 writes with `mosquitto_passwd`: PBKDF2 of SHA-512, and how often. */
const ITERATIONS = 101;

export function mosquittoProgram(): string | undefined {
  return PROGRAMS.find((path) => existsSync(path));
}

/** The lines of docs/operate.md in a block of this language, so that what is told is what is tried. */
function documented(language: "conf" | "acl", tenant: string): string {
  const text = readFileSync(join(repositoryRoot, "docs/operate.md"), "utf8");
  const block = text.split(`\`\`\`${language}\n`)[1]?.split("```")[0];
  if (block === undefined) throw new Error(`docs/operate.md has no block of ${language}`);
  return block.replaceAll("TENANT", tenant);
}

/** A mosquitto that lets in whom it knows, and gives each what the documented access list gives. */
export class GuardedMosquitto {
  readonly #users = new Map<string, string>();
  #lines: Interface | null = null;
  #child: ChildProcess | null = null;

  constructor(
    private readonly options: {
      readonly program: string;
      readonly directory: string;
      readonly port: number;
      readonly tenant: string;
      /** Lines of the access list for users of the test's own. */
      readonly moreAccess: string;
    },
  ) {}

  async start(): Promise<void> {
    const { program, directory, port, tenant, moreAccess } = this.options;
    const accessFile = join(directory, "fedge.acl");
    await writeFile(accessFile, `${documented("acl", tenant)}\n${moreAccess}\n`);
    await this.#writeUsers();
    const lines = [
      `listener ${port} 127.0.0.1`,
      documented("conf", tenant).replace("/etc/mosquitto/fedge.acl", accessFile),
      `password_file ${this.#userFile}`,
      // Started as root it would become somebody who may not read the test's files.
      `user ${userInfo().username}`,
      "persistence false",
      "log_dest stderr",
    ];
    const file = join(directory, "mosquitto.conf");
    await writeFile(file, `${lines.join("\n")}\n`);
    const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stderr });
    await this.#says(/ running/);
  }

  /** Known from the next start on, or from `reload`. The password stands for the token that a plugin would check. */
  know(user: string, password: string): void {
    this.#users.set(user, password);
  }

  async reload(): Promise<void> {
    await this.#writeUsers();
    const reloading = this.#says(/Reloading config/);
    this.#child?.kill("SIGHUP");
    await reloading;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  get #userFile(): string {
    return join(this.options.directory, "passwords");
  }

  async #writeUsers(): Promise<void> {
    const lines = [...this.#users].map(([user, password]) => `${user}:${hashOf(password)}\n`);
    await writeFile(this.#userFile, lines.join(""), { mode: 0o600 });
  }

  #says(what: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#lines?.on("line", (line) => what.test(line) && resolve());
      this.#child?.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}`)));
    });
  }
}

function hashOf(password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, ITERATIONS, 64, "sha512");
  return `$7$${ITERATIONS}$${salt.toString("base64")}$${hash.toString("base64")}`;
}
