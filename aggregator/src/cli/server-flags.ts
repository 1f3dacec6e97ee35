import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { FedgeError } from "@fedge/protocol";
import { isLoopback } from "../http/site-guard.js";
import { serverUrl } from "./flag-values.js";
import { ServerClient } from "./server-client.js";

export const DEFAULT_SERVER = "http://127.0.0.1:8787";
export const DEFAULT_STATE_DIRECTORY = ".fedge";
export const ADMIN_TOKEN_FILE = "admin-token";

export interface ServerFlags {
  readonly server: string;
  readonly token?: string;
  readonly state?: string;
}

export function jsonFlag(): Option {
  return new Option("--json", "print one JSON value as the last line of stdout");
}

/** Adds the flags that every command which talks to an aggregator has. */
export function addServerFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--server <url>", "aggregator to talk to")
        .env("FEDGE_SERVER")
        .default(DEFAULT_SERVER)
        .argParser(serverUrl),
    )
    .addOption(
      new Option(
        "--token <token>",
        "API token or admin token; the latter is read from the state directory unless given",
      ).env("FEDGE_TOKEN"),
    )
    .addOption(
      new Option(
        "--state <directory>",
        `state directory of the aggregator (default: "${DEFAULT_STATE_DIRECTORY}")`,
      ).env("FEDGE_STATE"),
    )
    .addOption(jsonFlag());
}

/** The client that the flags describe. Throws STATE_DIRECTORY_UNUSABLE when a named token file cannot be read. */
export function clientOf(flags: ServerFlags): ServerClient {
  return new ServerClient({ server: flags.server, token: flags.token ?? storedToken(flags) });
}

/** The token of a local aggregator; one of another machine gets it only when its directory was named. */
function storedToken(flags: ServerFlags): string | null {
  if (flags.state === undefined && !isLoopback(new URL(flags.server).hostname)) return null;
  const path = join(flags.state ?? DEFAULT_STATE_DIRECTORY, ADMIN_TOKEN_FILE);
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    if (flags.state === undefined) return null;
    throw new FedgeError(
      "STATE_DIRECTORY_UNUSABLE",
      `cannot read ${path} (${(cause as Error).message}); name the aggregator's state directory with --state, or give --token`,
      { cause, details: { path } },
    );
  }
}
