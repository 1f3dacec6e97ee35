import { Option, type Command } from "commander";
import { LOG_LEVELS, type LogLevel } from "../logging/logger.js";
import { addDriftFlags, type DriftFlags } from "./drift-flags.js";
import { wholeNumber } from "./flag-values.js";
import { DEFAULT_STATE_DIRECTORY, jsonFlag } from "./server-flags.js";

/** Flags of `fedge serve` and `fedge start`, as commander reads them. */
export interface ServeFlags extends DriftFlags {
  readonly state: string;
  readonly host: string;
  readonly port: number;
  readonly mqttPort: number;
  readonly databaseUrl?: string;
  readonly brokerUrl?: string;
  readonly enrolmentKey?: string;
  readonly tenant: string;
  readonly population?: string;
  readonly logLevel: LogLevel;
  readonly evaluationData?: string;
  readonly allowedHost: readonly string[];
  readonly allowedOrigin: readonly string[];
  readonly keepNewest?: number;
  readonly keepDays?: number;
  readonly keepSums?: number;
}

const port = wholeNumber({ least: 0, most: 65_535 });
const list = (text: string, before: readonly string[]): readonly string[] => [...before, ...text.split(",")];

const flag = (flags: string, description: string, variable: string): Option =>
  new Option(flags, description).env(variable);

/** Adds the flags; every one has a FEDGE_ variable. */
export function addServeFlags(command: Command): Command {
  const placed = addRetentionFlags(addAccessFlags(addPlaceFlags(command)));
  return addDriftFlags(placed, flag).addOption(jsonFlag());
}

function addPlaceFlags(command: Command): Command {
  return command
    .addOption(
      flag("--state <directory>", "where everything is kept", "FEDGE_STATE").default(DEFAULT_STATE_DIRECTORY),
    )
    .addOption(flag("--host <address>", "address to listen on", "FEDGE_HOST").default("127.0.0.1"))
    .addOption(
      flag("--port <port>", "HTTP, page and MQTT over WebSocket", "FEDGE_PORT").default(8787).argParser(port),
    )
    .addOption(flag("--mqtt-port <port>", "MQTT over TCP", "FEDGE_MQTT_PORT").default(1883).argParser(port))
    .addOption(
      flag("--database-url <url>", "PostgreSQL to use in place of the embedded one", "FEDGE_DATABASE_URL"),
    )
    .addOption(
      flag("--broker-url <url>", "MQTT broker to use in place of the embedded one", "FEDGE_BROKER_URL"),
    );
}

function addRetentionFlags(command: Command): Command {
  const number = (flags: string, description: string, variable: string, least: number): Option =>
    flag(flags, description, variable).argParser(wholeNumber({ least, most: 1_000_000 }));
  return command
    .addOption(
      number(
        "--keep-newest <number>",
        "versions of each model to keep (default: 50)",
        "FEDGE_KEEP_NEWEST",
        1,
      ),
    )
    .addOption(
      number("--keep-days <days>", "keep versions that are younger (default: 90)", "FEDGE_KEEP_DAYS", 0),
    )
    .addOption(
      number("--keep-sums <number>", "versions that can be made again (default: 20)", "FEDGE_KEEP_SUMS", 0),
    );
}

function addAccessFlags(command: Command): Command {
  return command
    .addOption(flag("--enrolment-key <key>", "what devices must show to enrol", "FEDGE_ENROLMENT_KEY"))
    .addOption(flag("--tenant <name>", "name of this fleet in topics", "FEDGE_TENANT").default("default"))
    .addOption(
      flag(
        "--population <name>",
        "sign releases for this part of the tenant's devices only",
        "FEDGE_POPULATION",
      ),
    )
    .addOption(
      flag(
        "--evaluation-data <model=directory>",
        "held-out IDX images (t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte) to measure versions on",
        "FEDGE_EVALUATION_DATA",
      ),
    )
    .addOption(
      flag("--log-level <level>", "how much to log", "FEDGE_LOG_LEVEL").choices(LOG_LEVELS).default("info"),
    )
    .addOption(
      flag(
        "--allowed-host <name>",
        "host name to answer to, beside addresses and localhost",
        "FEDGE_ALLOWED_HOSTS",
      )
        .default([])
        .argParser(list),
    )
    .addOption(
      flag("--allowed-origin <origin>", "web app whose devices may call", "FEDGE_ALLOWED_ORIGINS")
        .default([])
        .argParser(list),
    );
}
