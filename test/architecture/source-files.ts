import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");

const PACKAGES = ["protocol", "onnx-autodiff", "device-runtime", "electron-shell", "aggregator"];

/** Every TypeScript source of the packages without tests, relative to the repository. */
export function sourceFiles(): string[] {
  return PACKAGES.flatMap((name) =>
    readdirSync(join(repositoryRoot, name, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith(".d.ts"))
      .map((file) => `${name}/src/${file}`)
      // What only tests use; the device runtime's is public and held like the rest.
      .filter((file) => !file.includes("/testing/") || name === "device-runtime"),
  );
}

const SPECIFIER =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

/** Module specifiers of a file, static and dynamic, types included. */
export function importsOf(file: string): string[] {
  const text = readFileSync(join(repositoryRoot, file), "utf8");
  return [...text.matchAll(SPECIFIER)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
