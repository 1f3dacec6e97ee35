import { readFileSync, statSync } from "node:fs";
import { FedgeError } from "@fedge/protocol";
import { decodeRolloutConfig, type RolloutConfig } from "../../rollouts/rollout-config.js";
import { defaultRolloutId } from "../../rollouts/default-rollout-id.js";
import { overlaid, type Fields } from "../../rollouts/overlaid.js";
import { DEFAULT_TEMPLATE, expandTemplate, templateNamed } from "../../rollouts/templates.js";
import type { RolloutFlags } from "./rollout-flags.js";
import type { VersionName } from "./rollout-values.js";

const MAX_FILE_BYTES = 64 * 1024;

/**
 * The rollout that the command line describes: a template or file, and what flags change of it.
 * Throws OPTION_INVALID saying which flag or field to mend.
 */
export function rolloutOfFlags(
  target: VersionName | undefined,
  flags: RolloutFlags,
  nowMs: number,
): RolloutConfig {
  const base = overlaid(baseOf(flags), { ...target });
  const { model, version } = base;
  if (typeof model !== "string" || typeof version !== "number") {
    throw invalid("say what to roll out, such as digits@7, or name it in --config");
  }
  const rolloutId = flags.id ?? base["rolloutId"] ?? defaultRolloutId(model, version, nowMs);
  return changedByFlags(overlaid(base, { rolloutId }), flags);
}

/**
 * A rollout that exists as the file says, or else by the template, or else as it is; and with what flags change of that.
 * It keeps its id and what it is about. Throws OPTION_INVALID saying which flag or field to mend.
 */
export function editedRollout(present: RolloutConfig, flags: RolloutFlags): RolloutConfig {
  const { rolloutId, model, version, kind, arms, comparison } = present;
  if (flags.id !== undefined && flags.id !== rolloutId)
    throw invalid("a rollout keeps its id; leave --id away");
  if (flags.config !== undefined)
    return changedByFlags(overlaid({ rolloutId, model, version }, baseOf(flags)), flags);
  if (flags.template === undefined) return changedByFlags(present, flags);
  const kept = { rolloutId, model, version, kind, arms, comparison };
  return changedByFlags(expandTemplate(flags.template, kept), flags);
}

function changedByFlags(base: Fields, flags: RolloutFlags): RolloutConfig {
  const config = overlaid(base, givenFields(flags));
  const checked = { ...withInstall(config, flags), ...withComparison(config, flags) };
  checkComparison(checked);
  return decodeRolloutConfig(checked);
}

function baseOf({ config, template }: RolloutFlags): Fields {
  const { template: ofFile, ...fields } = config === undefined ? {} : readFields(config);
  const name = template ?? ofFile ?? (config === undefined ? DEFAULT_TEMPLATE : undefined);
  if (name === undefined) return fields;
  if (typeof name !== "string") throw invalid("the template in --config is no name");
  return expandTemplate(name, fields);
}

function givenFields(flags: RolloutFlags): Fields {
  const { minSuccess, minReached, maxErrors, minReports, onErrors } = flags;
  const metrics = flags.gates ? flags.gate : [];
  return {
    note: flags.note,
    filter: flags.filter,
    waves: flags.wave,
    rate: flags.rate,
    gates: {
      install: { minSuccess, minReached, maxErrors, minReports, onErrors, abort: flags.abortAt },
      metrics,
    },
    analysis: {
      intervalMs: flags.lookEvery,
      failureLimit: flags.failureLimit,
      errorLimit: flags.errorLimit,
      deadlineMs: flags.analysisDeadline,
      estimateAfterMs: flags.estimateAfter,
      waveTimeoutMs: flags.waveTimeout,
      onInconclusive: flags.onInconclusive,
    },
    schedule: { startAtMs: flags.start, windows: flags.window, endAtMs: flags.end, onEnd: flags.onEnd },
    needsApproval: flags.needsApproval,
    rollBackUpToPercent: flags.rollBackUpTo,
    inProgressTimeoutMs: flags.timeout,
    stepTimeoutsMs: flags.stepTimeout,
    maxAttempts: flags.attempts,
    priority: flags.priority,
    onAbort: flags.onAbort,
    kind: flags.kind,
    arms: flags.arms,
  };
}

/** What --install does not say stands in the file or template; where nothing stands, as in the standard template. */
function withInstall(config: Fields, { install }: RolloutFlags): Fields {
  if (install === undefined) return config;
  const { install: before, ...rest } = config;
  if (install === "none") return rest;
  const standard = templateNamed(DEFAULT_TEMPLATE).config.install;
  return { ...config, install: overlaid({ ...((before ?? standard) as Fields) }, install) };
}

function withComparison({ comparison }: Fields, flags: RolloutFlags): Fields {
  const { metric, horizon, effect, alpha, power } = flags;
  const given = { metric, horizonMs: horizon, minDetectableEffect: effect, alpha, power };
  if (Object.values(given).every((value) => value === undefined)) return {};
  const before = typeof comparison === "object" && comparison !== null ? (comparison as Fields) : {};
  const whole = overlaid({ alpha: 0.05, power: 0.8, ...before }, given);
  const { metric: what, horizonMs, minDetectableEffect } = whole;
  if (what === undefined || horizonMs === undefined || minDetectableEffect === undefined) {
    throw invalid("a comparison states --metric, --horizon and --effect before it starts; give all three");
  }
  return { comparison: whole };
}

function checkComparison({ kind, arms, comparison, version }: Fields): void {
  const compares = kind === "ab" || kind === "bandit";
  if (!compares && arms !== undefined) throw invalid("--arms is for --kind ab and bandit; leave it away");
  if (!compares) return;
  if (!Array.isArray(arms)) {
    throw invalid(`--kind ${kind} compares versions; name them with --arms, the control first, such as 6,7`);
  }
  if (arms[0] !== version) {
    throw invalid(
      `the control is version ${arms[0]}, the first of --arms, so name that one before the flags`,
    );
  }
  if (comparison === undefined) {
    throw invalid(`--kind ${kind} states what it decides by: give --metric, --horizon and --effect`);
  }
}

function readFields(path: string): Fields {
  const value = readJsonFile(path);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(`${path} holds no rollout; it takes a JSON object`);
}

function readJsonFile(path: string): unknown {
  try {
    const { size } = statSync(path);
    if (size <= MAX_FILE_BYTES) return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const message = `cannot read the rollout in ${path} (${(cause as Error).message}); check --config`;
    throw new FedgeError("OPTION_INVALID", message, { cause });
  }
  throw invalid(`${path} is larger than ${MAX_FILE_BYTES} bytes; a rollout is not`);
}

function invalid(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
