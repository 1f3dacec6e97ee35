import { FedgeError } from "@fedge/protocol";
import type { Command, Option } from "commander";
import type { DriftPolicy } from "../drift/drift-policy.js";
import type { WebhookOptions } from "../drift/webhook/webhook-target.js";
import { duration, wholeNumber } from "./flag-values.js";

/** Flags of `fedge serve` that are about drift, as commander reads them. */
export interface DriftFlags {
  readonly driftMinDevices?: number;
  readonly driftCohort?: readonly string[];
  readonly driftGrace?: number;
  readonly driftStaleAfter?: number;
  readonly driftWebhook?: string;
}

const list = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(","),
];

/** Adds them; every one has a FEDGE_ variable. */
export function addDriftFlags(
  command: Command,
  flag: (flags: string, description: string, variable: string) => Option,
): Command {
  const devices = "devices below which nothing of a window is shown (default: 50, at least 20)";
  return command
    .addOption(
      flag("--drift-min-devices <number>", devices, "FEDGE_DRIFT_MIN_DEVICES").argParser(
        wholeNumber({ least: 1 }),
      ),
    )
    .addOption(
      flag(
        "--drift-cohort <attribute>",
        "attribute of devices that divides them into cohorts (default: platform)",
        "FEDGE_DRIFT_COHORTS",
      ).argParser(list),
    )
    .addOption(
      flag(
        "--drift-grace <duration>",
        "how long after a window its counts may come (default: as long as the window, 1m to 1h)",
        "FEDGE_DRIFT_GRACE",
      ).argParser(duration),
    )
    .addOption(
      flag(
        "--drift-stale-after <duration>",
        "age from which on a version is stale (default: never)",
        "FEDGE_DRIFT_STALE_AFTER",
      ).argParser(duration),
    )
    .addOption(
      flag(
        "--drift-webhook <url>",
        "where alerts are told; the secret is in FEDGE_DRIFT_WEBHOOK_SECRET",
        "FEDGE_DRIFT_WEBHOOK",
      ),
    );
}

/** What the flags say, with the secret of the environment. Throws OPTION_INVALID for a webhook without a secret. */
export function driftOptionsOf(
  flags: DriftFlags,
  env: Readonly<Record<string, string | undefined>>,
): { readonly drift: Partial<DriftPolicy>; readonly driftWebhook?: WebhookOptions } {
  const drift = {
    ...(flags.driftMinDevices === undefined ? {} : { minDevices: flags.driftMinDevices }),
    ...(flags.driftCohort === undefined ? {} : { cohortAttributes: flags.driftCohort }),
    ...(flags.driftGrace === undefined ? {} : { graceMs: flags.driftGrace }),
    ...(flags.driftStaleAfter === undefined ? {} : { staleAfterMs: flags.driftStaleAfter }),
  };
  if (flags.driftWebhook === undefined || flags.driftWebhook === "") return { drift };
  // Not a flag: whoever lists processes would read it.
  const secret = env["FEDGE_DRIFT_WEBHOOK_SECRET"] ?? "";
  if (secret === "")
    throw new FedgeError(
      "OPTION_INVALID",
      "a webhook needs a secret by which it knows this server; put one into FEDGE_DRIFT_WEBHOOK_SECRET",
    );
  return { drift, driftWebhook: { url: flags.driftWebhook, secret } };
}
