import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "../architecture/source-files.js";

const run = promisify(execFile);
/** What an app in a page needs of ours. */
const PACKED = ["protocol", "device-runtime"] as const;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** A fresh app outside of the repository, with our packages as npm would deliver them. */
export class PackedApp {
  private constructor(
    readonly directory: string,
    /** Files of each tarball, by the package's folder. */
    readonly packedFiles: ReadonlyMap<string, readonly string[]>,
  ) {}

  /** Packs, installs from the registry's cache where it can, and writes the app's files. */
  static async create(files: Readonly<Record<string, string>>): Promise<PackedApp> {
    const directory = await mkdtemp(join(tmpdir(), "fedge-packed-"));
    const tarballs = join(directory, "tarballs");
    await mkdir(tarballs);
    const packedFiles = new Map<string, readonly string[]>();
    const dependencies: Record<string, string> = {};
    for (const folder of PACKED) {
      const packed = await pack(folder, ["--pack-destination", tarballs]);
      packedFiles.set(folder, packed.paths);
      dependencies[packed.name] = `file:tarballs/${packed.filename}`;
    }
    const app = new PackedApp(directory, packedFiles);
    const devDependencies = await versionsOf(["vite", "typescript"]);
    const manifest = { name: "app", private: true, type: "module", dependencies, devDependencies };
    await app.write({ "package.json": JSON.stringify(manifest), ...files });
    // No package of ours needs a script of its own, nor does one that it stands on.
    await app.npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]);
    return app;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.directory, name), text);
  }

  /** What a tool of the app printed. Rejects with all of it when the tool fails. */
  async tool(name: string, args: readonly string[]): Promise<string> {
    return this.#run(join(this.directory, "node_modules/.bin", name), args);
  }

  async node(script: string): Promise<string> {
    return this.#run(process.execPath, ["--input-type=module", "--eval", script]);
  }

  async npm(args: readonly string[]): Promise<string> {
    return this.#run("npm", args);
  }

  async exportsOf(name: string): Promise<readonly string[]> {
    const text = await readFile(join(this.directory, "node_modules", name, "package.json"), "utf8");
    const { exports } = JSON.parse(text) as { readonly exports: Readonly<Record<string, object>> };
    return Object.keys(exports).map((path) => join(name, path));
  }

  async builtFiles(): Promise<readonly string[]> {
    return readdir(join(this.directory, "dist"), { recursive: true });
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #run(command: string, args: readonly string[]): Promise<string> {
    try {
      const { stdout } = await run(command, [...args], { cwd: this.directory, maxBuffer: MAX_OUTPUT_BYTES });
      return stdout;
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
      throw new Error(`${command} ${args.join(" ")} fails:\n${stdout}\n${stderr}`, { cause: error });
    }
  }
}

/** What npm packs of a package, and its name. */
export async function pack(folder: string, options: readonly string[]) {
  const { stdout } = await run("npm", ["pack", "--json", ...options], {
    cwd: join(repositoryRoot, folder),
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const [packed] = JSON.parse(stdout) as [{ name: string; filename: string; files: { path: string }[] }];
  return { name: packed.name, filename: packed.filename, paths: packed.files.map(({ path }) => path) };
}

/** Every file that a package's `exports` promises, relative to it. */
export async function promisedFiles(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(repositoryRoot, folder, "package.json"), "utf8");
  const { exports } = JSON.parse(text) as { readonly exports: unknown };
  const targets = (value: unknown): string[] => {
    if (typeof value === "string") return [normalize(value)];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(targets) : [];
  };
  return [...new Set(targets(exports))];
}

async function versionsOf(names: readonly string[]): Promise<Record<string, string>> {
  const text = await readFile(join(repositoryRoot, "package.json"), "utf8");
  const { devDependencies } = JSON.parse(text) as { readonly devDependencies: Record<string, string> };
  return Object.fromEntries(names.map((name) => [name, devDependencies[name] ?? "*"]));
}
