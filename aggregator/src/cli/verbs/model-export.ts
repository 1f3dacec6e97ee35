import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FedgeError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { modelList } from "../../http/schema/model-schema.js";
import { LAYERS_FILES } from "../../registry/layers-files.js";
import { wholeNumber } from "../flag-values.js";
import type { ServerClient } from "../server-client.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { bytesText } from "../text.js";

const FORMATS = ["onnx", "safetensors", "tfjs"] as const;

interface ExportFlags extends ServerFlags {
  readonly modelVersion?: number;
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
}

interface Target {
  readonly model: string;
  readonly version: number;
}

/** `fedge model export`. */
export function addExport(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("export").description("write a version to a file"))
    .argument("<version>", "such as digits@3; digits alone is its newest version")
    .option("--model-version <number>", "version, where only the model is named", wholeNumber({ least: 1 }))
    .addOption(
      new Option("--format <format>", "onnx with the weights inside, weights alone, or a tfjs layers model")
        .choices(FORMATS)
        .default("onnx"),
    )
    .option(
      "-o, --output <path>",
      "where to write (default: <model>-v<version>.<format>, a directory for tfjs)",
    )
    .action(async (name: string, flags: ExportFlags) => {
      const client = clientOf(flags);
      const target = await targetOf(client, name, flags);
      const file = flags.output ?? `${target.model}-v${target.version}.${flags.format}`;
      const sizeBytes =
        flags.format === "tfjs"
          ? await writeLayers(client, target, file)
          : await write(file, await client.download(`${path(target)}/export`, { format: flags.format }));
      const result = { ...target, format: flags.format, file, sizeBytes };
      printResult(terminal, result, () => `wrote ${bytesText(sizeBytes)} to ${file}`);
    });
}

/** Both files are fetched before either is written, so that an error leaves nothing behind. */
async function writeLayers(client: ServerClient, target: Target, directory: string): Promise<number> {
  const files = [];
  for (const name of LAYERS_FILES) {
    files.push({ name, bytes: await client.download(`${path(target)}/tfjs/${name}`) });
  }
  await mkdir(directory, { recursive: true }).catch((cause: Error) => {
    throw cannotWrite(directory, cause);
  });
  let sizeBytes = 0;
  for (const { name, bytes } of files) sizeBytes += await write(join(directory, name), bytes);
  return sizeBytes;
}

async function write(file: string, bytes: Uint8Array): Promise<number> {
  await writeFile(file, bytes).catch((cause: Error) => {
    throw cannotWrite(file, cause);
  });
  return bytes.byteLength;
}

function cannotWrite(file: string, cause: Error): FedgeError {
  const message = `cannot write ${file} (${cause.message}); name another with --output`;
  return new FedgeError("STORAGE_FAILED", message, { cause });
}

function path({ model, version }: Target): string {
  return `/v1/models/${encodeURIComponent(model)}/versions/${version}`;
}

/** `digits@3`, or `digits` with `--model-version`, or its newest version. */
async function targetOf(client: ServerClient, name: string, flags: ExportFlags): Promise<Target> {
  const at = name.lastIndexOf("@");
  if (at < 0) {
    return { model: name, version: flags.modelVersion ?? (await newestVersion(client, name)) };
  }
  const text = name.slice(at + 1);
  const version = Number(text);
  if (!/^[1-9]\d{0,8}$/.test(text) || (flags.modelVersion ?? version) !== version) {
    throw new FedgeError("OPTION_INVALID", `"${name}" names no single version; write it as digits@3`);
  }
  return { model: name.slice(0, at), version };
}

async function newestVersion(client: ServerClient, name: string): Promise<number> {
  const { models } = await client.get("/v1/models", modelList);
  const model = models.find((candidate) => candidate.model === name);
  if (model !== undefined) return model.latestVersion;
  throw new FedgeError(
    "MODEL_UNKNOWN",
    `there is no model ${name}; \`fedge model list\` shows those that exist`,
  );
}
