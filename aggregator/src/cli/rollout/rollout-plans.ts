import { FedgeError } from "@fedge/protocol";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { rolloutPreview, rolloutView, type RolloutBody } from "../../http/schema/rollout-schema.js";
import type { RolloutConfig } from "../../rollouts/rollout-config.js";
import type { ServerClient } from "../server-client.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { previewText } from "./preview-text.js";
import { addRolloutFlags, type RolloutFlags } from "./rollout-flags.js";
import { editedRollout, rolloutOfFlags } from "./rollout-of-flags.js";
import { rolloutPath } from "./rollout-path.js";
import { versionName, type VersionName } from "./rollout-values.js";

type PlanFlags = ServerFlags & RolloutFlags;

/** `fedge rollout create|preview|edit`. */
export function addRolloutPlans(rollout: Command, terminal: Terminal): void {
  addRolloutFlags(
    addServerFlags(rollout.command("create").description("plan a rollout; it does not start yet")),
  )
    .argument(
      "[version]",
      "what to roll out, such as digits@7; not needed where --config says it",
      versionName,
    )
    .action(async (target: VersionName | undefined, flags: PlanFlags) => {
      const config = rolloutOfFlags(target, flags, Date.now());
      const created = await clientOf(flags).post("/v1/rollouts", rolloutView, config);
      printResult(terminal, created, () => createdText(created));
    });
  addRolloutFlags(
    addServerFlags(
      rollout.command("preview").description("which devices each wave would reach, and why; creates nothing"),
    ),
  )
    .argument("[version]", "such as digits@7, or the id of a rollout that exists")
    .action(async (name: string | undefined, flags: PlanFlags) => {
      const client = clientOf(flags);
      const config = await previewed(client, name, flags);
      const preview = await client.post("/v1/rollouts/preview", rolloutPreview, config);
      printResult(terminal, preview, () => previewText(preview, config));
    });
  addEdit(rollout, terminal);
}

function addEdit(rollout: Command, terminal: Terminal): void {
  addRolloutFlags(
    addServerFlags(
      rollout.command("edit").description("change a rollout that has not started; it needs approval again"),
    ),
  )
    .argument("<rollout>", "id of the rollout")
    .action(async (rolloutId: string, flags: PlanFlags) => {
      const client = clientOf(flags);
      const present = await client.get(rolloutPath(rolloutId), rolloutView);
      const config = editedRollout(present.config, flags);
      // Whoever changed it since it was read is not overwritten.
      const path = `${rolloutPath(rolloutId)}?revision=${present.revision}`;
      const edited = await client.put(path, rolloutView, config);
      printResult(terminal, edited, () => createdText(edited));
    });
}

async function previewed(
  client: ServerClient,
  name: string | undefined,
  flags: PlanFlags,
): Promise<RolloutConfig> {
  if (name === undefined || name.includes("@")) {
    return rolloutOfFlags(name === undefined ? undefined : readVersion(name), flags, Date.now());
  }
  return (await client.get(rolloutPath(name), rolloutView)).config;
}

function readVersion(name: string): VersionName {
  try {
    return versionName(name);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new FedgeError("OPTION_INVALID", `${name} is no version; write it as digits@7`, { cause });
  }
}

function createdText({ rolloutId, state }: RolloutBody): string {
  const next =
    state === "waiting-approval"
      ? `somebody else approves it with \`fedge rollout approve ${rolloutId}\``
      : `start it with \`fedge rollout start ${rolloutId}\``;
  return `rollout ${rolloutId} is ${state}; ${next}`;
}
