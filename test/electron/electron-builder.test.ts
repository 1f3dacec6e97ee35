import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { repositoryRoot } from "../architecture/source-files.js";
import { readPlainYaml } from "./plain-yaml.js";

const SHELL = join(repositoryRoot, "electron-shell");

const textOf = (path: string): string => readFileSync(join(SHELL, path), "utf8");
const given = readPlainYaml(textOf("electron-builder.yml"));
const platform = z.looseObject({ icon: z.string() });
const used = z
  .looseObject({
    electronVersion: z.string(),
    files: z.array(z.string()),
    asarUnpack: z.array(z.string()),
    ...{ linux: platform, mac: platform, win: platform },
  })
  .parse(given);

const packageFile = JSON.parse(textOf("package.json")) as {
  readonly main: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

/** Files of the package as electron-builder sees them. */
const present = ["package.json", "assets", "dist"].flatMap((name) =>
  name.includes(".")
    ? [name]
    : readdirSync(join(SHELL, name), { recursive: true, encoding: "utf8" }).map((path) => `${name}/${path}`),
);
const isPacked = (path: string): boolean =>
  used.files.some((pattern) => !pattern.startsWith("!") && matchesGlob(path, pattern)) &&
  !used.files.some((pattern) => pattern.startsWith("!") && matchesGlob(path, pattern.slice(1)));

describe("the schema of electron-builder", () => {
  const schema = z.fromJSONSchema(
    JSON.parse(textOf("fixtures/electron-builder.schema.json")) as Parameters<typeof z.fromJSONSchema>[0],
  );

  test("allows all of the configuration", () => {
    expect(schema.safeParse(given).error?.issues).toBeUndefined();
  });

  test.each([
    ["a name that it does not have", { asarUnpak: [] }],
    ["a name of a section that it does not have", { linux: { icons: "assets/icon.png" } }],
    ["a target that it does not know", { mac: { target: ["dmgg"] } }],
    ["a fuse that is no boolean", { electronFuses: { runAsNode: "yes" } }],
  ])("allows no %s", (_what, change) => {
    expect(schema.safeParse({ ...Object(given), ...change }).success).toBe(false);
  });
});

describe("what the configuration names", () => {
  test.each(used.files.filter((pattern) => !pattern.startsWith("!")))("is there: %s", (pattern) => {
    expect(present.filter((path) => matchesGlob(path, pattern))).not.toEqual([]);
  });

  test("has everything that the app begins with, and no declarations or maps", () => {
    const entries = [
      packageFile.main,
      ...Object.values(packageFile.exports).map((entry) =>
        typeof entry === "string" ? entry : entry.default,
      ),
    ].map((path) => path.replace(/^\.\//, ""));

    expect(entries.filter((path) => !present.includes(path) || !isPacked(path))).toEqual([]);
    expect(isPacked("dist/page/index.html") && present.includes("dist/page/index.html")).toBe(true);
    expect(present.filter((path) => isPacked(path) && /\.(map|d\.ts|tsbuildinfo)$/.test(path))).toEqual([]);
  });

  test.each(used.asarUnpack)("lies outside of the archive and is installed: %s", (pattern) => {
    const path = /^\*\*\/(node_modules\/.+?)\/\*\*$/.exec(pattern)?.[1] ?? "no path";

    expect(existsSync(join(repositoryRoot, path))).toBe(true);
  });

  test.each(["linux", "mac", "win"] as const)("is an icon of at least 512 pixels for %s", (system) => {
    const header = readFileSync(join(SHELL, used[system].icon)).subarray(0, 24);

    expect(header.subarray(1, 4).toString("latin1")).toBe("PNG");
    expect(Math.min(header.readUInt32BE(16), header.readUInt32BE(20))).toBeGreaterThanOrEqual(512);
  });

  test("is the version of Electron that the package is developed with", () => {
    expect(used.electronVersion).toBe(packageFile.optionalDependencies["electron"]);
  });
});

test("a line of YAML that the reader does not understand is no value", () => {
  expect(() => readPlainYaml("files: &all\n  - a\n")).toThrow("cannot read");
  expect(() => readPlainYaml("files: |\n  text\n")).toThrow("cannot read");
});
