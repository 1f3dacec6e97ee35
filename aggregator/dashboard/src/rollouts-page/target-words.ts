import type { TargetData } from "../data/api-types.js";

type TargetState = TargetData["state"];

/** What a state means for the device: what it serves now, and why. */
const STATE_WORDS: Readonly<Record<TargetState, string>> = {
  queued: "Waits until it is told; it serves what it served before.",
  told: "Was told, and has not answered yet.",
  installing: "Fetches and checks the version; it serves what it served before.",
  probation: "Serves the version on trial: it goes back by itself when the version does badly.",
  committed: "The version passed its trial, and stays.",
  rejected: "The device refused the version before anything was begun; it serves what it served before.",
  failed: "The installation failed before the version served anybody; nothing has changed on the device.",
  "rolled-back": "The device went back: the version before serves again.",
  "safe-mode": "The version failed and so did the one before; what came with the app serves.",
  "timed-out": "The device gave no final report in time.",
  canceled: "Was called back before the version was kept.",
  removed: "Is not meant by the rollout any more.",
  superseded: "A newer version or another rollout took its place.",
};

/** Refusals and failures of an installation in words, for reports that bring none of their own. */
const CODE_WORDS: Readonly<Record<string, string>> = {
  BLOB_HASH_MISMATCH: "a file is not the one that was signed",
  BLOB_INCOMPLETE: "a file could not be fetched whole",
  DEADLINE_EXCEEDED: "a step took longer than it may",
  ENGINE_FAILED: "the engine could not run the model",
  ENGINE_UNAVAILABLE: "the device has no engine for the model",
  INSTALL_CANCELED: "the rollout called it back",
  INSTALL_LOOP: "it was tried too often without an end",
  INSTALL_SUPERSEDED: "a newer version came meanwhile",
  INSTALL_TIMED_OUT: "a step took longer than it may",
  MANIFEST_INVALID: "the description of the version is malformed",
  DATA_DRIFTED: "the device's data drifted or are broken, and the version before serves again",
  FEATURE_SKEW: "the device makes other features of known rows than the reference profile was built with",
  METADATA_EXPIRED: "the signed metadata is too old to be believed",
  METADATA_MALFORMED: "the signed metadata cannot be read",
  METADATA_MISMATCH: "the signed metadata is of another version",
  METADATA_ROLLBACK: "the signed metadata is older than what the device knows",
  METADATA_UNAVAILABLE: "the signed metadata could not be fetched",
  METADATA_UNSIGNED: "the metadata is not signed by enough trusted keys",
  MODEL_GOLDEN_MISMATCH: "known inputs gave other answers than they must",
  MODEL_INCOMPATIBLE: "the version needs a newer runtime, another engine or other operators",
  MODEL_INPUT_INVALID: "the model does not take the inputs that it says it takes",
  PROBATION_CRASHED: "the app crashed while the version was on trial",
  PROBATION_FAILED: "the version did badly while it was on trial",
  RELEASE_OUT_OF_POPULATION: "the release is signed for a population that the device is not of",
  RELEASE_OUT_OF_SCOPE: "the release is signed for another device, tenant or population",
  RELEASE_ROLLBACK: "the release is older than one that the device has had",
  RELEASE_UNSIGNED: "the release is not signed by a trusted key",
  ROLLBACK_FAILED: "the version before could not be brought back",
  STORAGE_FAILED: "the device could not write to its storage",
  STORAGE_FULL: "the device has no room for the version",
  TARGET_UNKNOWN: "the signed metadata does not name the version",
  TRANSPORT_FAILED: "the connection broke",
};

export function stateWords(state: TargetState): string {
  return STATE_WORDS[state];
}

/** Why it ended so: what the device said, and what its code means. Null where there is nothing to explain. */
export function causeWords({ code, message }: Pick<TargetData, "code" | "message">): string | null {
  const meaning = code === null ? undefined : CODE_WORDS[code];
  if (message === null || message === "") return meaning ?? null;
  return meaning === undefined ? message : `${meaning}: ${message}`;
}
