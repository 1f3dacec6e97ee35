import { FedgeError, decodeMetadata } from "@fedge/protocol";
import type { Command } from "commander";
import { createSystemClock } from "../../clock/system-clock.js";
import { readFileIfThere } from "../../state-directory/whole-file.js";
import { makeDirectory } from "../../state-directory/make-directory.js";
import { jsonFlag } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { downloadTarget, metadataIn, refreshMetadata } from "../tuf-client/repository-client.js";

interface TufFlags {
  readonly metadataDir: string;
  readonly metadataUrl?: string;
  readonly targetName?: string;
  readonly targetBaseUrl?: string;
  readonly targetDir?: string;
}

/** `fedge tuf init|refresh|download`: a client of any TUF repository, as the public conformance suite drives one. */
export function addTuf(program: Command, terminal: Terminal): void {
  const tuf = program
    .command("tuf")
    .description("verify the signed metadata of any TUF repository, and fetch what they name")
    .configureHelp({ showGlobalOptions: true })
    .requiredOption("--metadata-dir <directory>", "where trusted metadata are kept")
    .option("--metadata-url <url>", "where the repository's metadata are")
    .option("--target-name <path>", "target to download")
    .option("--target-base-url <url>", "where the repository's targets are")
    .option("--target-dir <directory>", "where targets are stored")
    .addOption(jsonFlag());
  tuf
    .command("init")
    .description("trust a root")
    .argument("<root>", "file of the root that trust begins with")
    .action((root: string) => init(root, tuf.opts<TufFlags>(), terminal));
  tuf
    .command("refresh")
    .description("follow the metadata to the newest")
    .action(() => refresh(tuf.opts<TufFlags>(), terminal));
  tuf
    .command("download")
    .description("refresh, then fetch and verify one target")
    .action(() => download(tuf.opts<TufFlags>(), terminal));
}

async function init(root: string, { metadataDir }: TufFlags, terminal: Terminal): Promise<void> {
  const bytes = await readFileIfThere(root);
  if (bytes === undefined)
    throw new FedgeError(
      "OPTION_INVALID",
      `there is no root at ${root}; name the file that the repository's owner gave you`,
    );
  const { version } = decodeMetadata("root", bytes).signed;
  await makeDirectory(metadataDir);
  await metadataIn(metadataDir).put("root", bytes);
  printResult(terminal, { version }, () => `root ${version} is trusted`);
}

async function refresh(flags: TufFlags, terminal: Terminal): Promise<void> {
  const { root, timestamp, snapshot } = (await refreshed(flags)).metadata;
  const versions = { root: root.version, timestamp: timestamp?.version, snapshot: snapshot?.version };
  printResult(terminal, versions, () => `root ${versions.root}, timestamp ${versions.timestamp} are fresh`);
}

async function download(flags: TufFlags, terminal: Terminal): Promise<void> {
  const options = {
    targetName: required(flags.targetName, "--target-name"),
    targetBaseUrl: required(flags.targetBaseUrl, "--target-base-url"),
    targetDirectory: required(flags.targetDir, "--target-dir"),
  };
  const downloaded = await downloadTarget(await refreshed(flags), options);
  printResult(terminal, downloaded, () => downloaded.path);
}

function refreshed({ metadataDir, metadataUrl }: TufFlags): ReturnType<typeof refreshMetadata> {
  return refreshMetadata(metadataDir, required(metadataUrl, "--metadata-url"), createSystemClock().nowMs());
}

function required(value: string | undefined, flag: string): string {
  if (value !== undefined) return value;
  throw new FedgeError("OPTION_INVALID", `${flag} is missing; \`fedge tuf --help\` says what it names`);
}
