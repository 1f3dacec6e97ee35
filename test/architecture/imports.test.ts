import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, repositoryRoot, sourceFiles } from "./source-files.js";

/** Longest prefix wins. `own` stands for the file's own package. */
const MAY_IMPORT: readonly { readonly folder: string; readonly packages: readonly string[] }[] = [
  { folder: "protocol/src", packages: ["zod"] },
  { folder: "onnx-autodiff/src", packages: ["@fedge/protocol"] },
  { folder: "device-runtime/src/core", packages: ["@fedge/protocol", "zod"] },
  { folder: "device-runtime/src/testing", packages: ["@fedge/protocol", "vitest"] },
  {
    folder: "device-runtime/src/engines/onnx",
    packages: ["@fedge/protocol", "onnxruntime-common", "onnxruntime-node", "onnxruntime-web"],
  },
  { folder: "device-runtime/src/engines/training", packages: ["@fedge/protocol"] },
  {
    folder: "device-runtime/src/engines/tfjs",
    packages: ["@fedge/protocol", "@tensorflow/tfjs-core", "@tensorflow/tfjs-layers"],
  },
  { folder: "device-runtime/src/clock", packages: ["@fedge/protocol"] },
  { folder: "device-runtime/src/memory", packages: ["@fedge/protocol"] },
  { folder: "device-runtime/src/identity", packages: ["@fedge/protocol", "zod"] },
  { folder: "device-runtime/src/remote", packages: ["@fedge/protocol", "comlink", "zod"] },
  { folder: "device-runtime/src/mqtt", packages: ["@fedge/protocol", "mqtt"] },
  {
    folder: "device-runtime/src/browser",
    packages: [
      "@fedge/protocol",
      "@tensorflow/tfjs-backend-cpu",
      "@tensorflow/tfjs-backend-wasm",
      "@tensorflow/tfjs-backend-webgl",
      "@tensorflow/tfjs-backend-webgpu",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
      "comlink",
      "idb",
      "mqtt",
      "onnxruntime-common",
      "onnxruntime-web",
      "zod",
    ],
  },
  {
    folder: "device-runtime/src/node",
    packages: [
      "@fedge/protocol",
      "@tensorflow/tfjs-backend-cpu",
      "@tensorflow/tfjs-backend-wasm",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
      "classic-level",
      "comlink",
      "env-paths",
      "mqtt",
      "onnxruntime-common",
      "onnxruntime-node",
      "onnxruntime-web",
      "zod",
      "node:",
    ],
  },
  {
    folder: "electron-shell/src/main",
    packages: ["@fedge/device-runtime", "@fedge/protocol", "electron", "mrmime", "zod", "node:"],
  },
  {
    folder: "electron-shell/src/device-process",
    packages: ["@fedge/device-runtime", "@fedge/protocol", "node:"],
  },
  { folder: "electron-shell/src/messages", packages: ["@fedge/protocol", "zod"] },
  { folder: "electron-shell/src/ports", packages: ["@fedge/device-runtime"] },
  { folder: "electron-shell/src/preload", packages: ["electron"] },
  { folder: "electron-shell/src/renderer", packages: ["@fedge/device-runtime", "@fedge/protocol"] },
  { folder: "electron-shell/src/testing", packages: ["@fedge/device-runtime", "node:"] },
  { folder: "aggregator/src/rounds", packages: ["@fedge/protocol"] },
  { folder: "aggregator/src/tasks", packages: ["@fedge/protocol", "zod"] },
  { folder: "aggregator/src/fleet", packages: ["@fedge/protocol"] },
  { folder: "aggregator/src/rollouts", packages: ["@fedge/protocol", "zod"] },
  { folder: "aggregator/src/server-optimizers", packages: ["@fedge/protocol", "zod"] },
  {
    folder: "aggregator/src/model-check",
    packages: ["@fedge/protocol", "@fedge/onnx-autodiff", "onnxruntime-common", "node:"],
  },
  { folder: "aggregator/src/registry", packages: ["@fedge/protocol", "@fedge/onnx-autodiff", "zod"] },
  { folder: "aggregator/src/simulation", packages: ["*"] },
  { folder: "aggregator/src/bench", packages: ["*"] },
  { folder: "aggregator/src", packages: ["!@fedge/device-runtime", "*"] },
];

function ruleFor(file: string): readonly string[] {
  const rules = MAY_IMPORT.filter((rule) => file.startsWith(`${rule.folder}/`));
  const longest = rules.sort((one, other) => other.folder.length - one.folder.length)[0];
  if (longest === undefined) throw new Error(`no import rule covers ${file}; add one to the table`);
  return longest.packages;
}

function isAllowed(specifier: string, packages: readonly string[]): boolean {
  const matches = (name: string): boolean =>
    name === "*" || specifier === name || specifier.startsWith(name.endsWith(":") ? name : `${name}/`);
  if (packages.some((name) => name.startsWith("!") && matches(name.slice(1)))) return false;
  return packages.some((name) => !name.startsWith("!") && matches(name));
}

describe("who may import what", () => {
  test("every source file imports only what the table of the architecture allows its folder", () => {
    const violations = sourceFiles().flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !specifier.startsWith("."))
        .filter((specifier) => !isAllowed(specifier, ruleFor(file)))
        .map((specifier) => `${file} imports ${specifier}`),
    );

    expect(violations).toEqual([]);
  });

  test("a relative import never leaves its package", () => {
    const violations = sourceFiles().flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith("."))
        .filter((specifier) => !join(file, "..", specifier).startsWith(`${file.split("/")[0]}/src/`))
        .map((specifier) => `${file} imports ${specifier}`),
    );

    expect(violations).toEqual([]);
  });

  test("every imported package is a dependency of the package that imports it", () => {
    const declared = (name: string): Set<string> => {
      const manifest = JSON.parse(readFileSync(join(repositoryRoot, name, "package.json"), "utf8")) as Record<
        string,
        object
      >;
      const fields = ["dependencies", "optionalDependencies", "peerDependencies"];
      return new Set(fields.flatMap((field) => Object.keys(manifest[field] ?? {})));
    };
    const violations = sourceFiles().flatMap((file) => {
      const owner = file.split("/")[0] ?? "";
      return importsOf(file)
        .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
        .filter((specifier) => !(specifier === "vitest" && file.includes("conformance")))
        .map((specifier) =>
          specifier
            .split("/")
            .slice(0, specifier.startsWith("@") ? 2 : 1)
            .join("/"),
        )
        .filter((name) => !declared(owner).has(name))
        .map((name) => `${file} imports ${name}`);
    });

    expect(violations).toEqual([]);
  });
});

test("core folders name no real clock, chance or timer", () => {
  const core = [
    "protocol/src",
    "onnx-autodiff/src",
    "device-runtime/src/core",
    "aggregator/src/rounds",
    "aggregator/src/tasks",
    "aggregator/src/fleet",
    "aggregator/src/rollouts",
  ];
  const forbidden = /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval)\(/;

  const violations = sourceFiles()
    .filter((file) => core.some((folder) => file.startsWith(`${folder}/`)))
    .filter((file) => forbidden.test(readFileSync(join(repositoryRoot, file), "utf8")));

  expect(violations).toEqual([]);
});

test("no file is longer than 300 lines", () => {
  const long = sourceFiles()
    .filter((file) => !file.endsWith(".generated.ts"))
    .filter((file) => readFileSync(join(repositoryRoot, file), "utf8").split("\n").length > 301);

  expect(long).toEqual([]);
});
