import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FedgeError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { LAYERS_FILES } from "../../registry/layers-files.js";
import { wholeNumber } from "../flag-values.js";
import type { ServerClient } from "../server-client.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { bytesText } from "../text.js";
import { VERSION_ARGUMENT, versionPath, versionTarget, type VersionTarget } from "../version-argument.js";

const FORMATS = ["onnx", "safetensors", "tfjs", "bundle"] as const;
/** Of the default file name. */
const SUFFIX_OF = { onnx: "onnx", safetensors: "safetensors", tfjs: "tfjs", bundle: "tar" } as const;

interface ExportFlags extends ServerFlags {
  readonly modelVersion?: number;
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
}

/** `fedge model export`. */
export function addExport(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("export").description("write a version to a file"))
    .argument("<version>", VERSION_ARGUMENT)
    .option("--model-version <number>", "version, where only the model is named", wholeNumber({ least: 1 }))
    .addOption(
      new Option(
        "--format <format>",
        "onnx with the weights inside, weights alone, a tfjs layers model, or everything",
      )
        .choices(FORMATS)
        .default("onnx"),
    )
    .option(
      "-o, --output <path>",
      "where to write (default: <model>-v<version>.<format>, a directory for tfjs, .tar for a bundle)",
    )
    .action(async (name: string, flags: ExportFlags) => {
      const client = clientOf(flags);
      const target = await versionTarget(client, name, flags.modelVersion);
      const file = flags.output ?? `${target.model}-v${target.version}.${SUFFIX_OF[flags.format]}`;
      const sizeBytes =
        flags.format === "tfjs"
          ? await writeLayers(client, target, file)
          : await write(file, await download(client, target, flags.format));
      const result = { ...target, format: flags.format, file, sizeBytes };
      printResult(terminal, result, () => `wrote ${bytesText(sizeBytes)} to ${file}`);
    });
}

function download(client: ServerClient, target: VersionTarget, format: string): Promise<Uint8Array> {
  if (format === "bundle") return client.download(`${versionPath(target)}/bundle`);
  return client.download(`${versionPath(target)}/export`, { format });
}

/** Both files are fetched before either is written, so that an error leaves nothing behind. */
async function writeLayers(client: ServerClient, target: VersionTarget, directory: string): Promise<number> {
  const files = [];
  for (const name of LAYERS_FILES) {
    files.push({ name, bytes: await client.download(`${versionPath(target)}/tfjs/${name}`) });
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
