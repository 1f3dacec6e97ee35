import { FedgeError } from "@fedge/protocol";
import type { LogOptions, LogRules } from "./log-limits.js";

/**
 * What is wrong with options that are none, as OPTION_INVALID with the first that is unknown or has no such value. Rules
 * are given, not imported: a bundler would part them from the page's first file.
 */
export function wrongLogOption(options: LogOptions, { defaults, maxPurposeLength }: LogRules): FedgeError {
  const numbers = Object.keys(defaults);
  for (const [name, value] of Object.entries(options)) {
    const was = `featureLog.${name} is ${String(value).slice(0, 100)}`;
    if (numbers.includes(name)) {
      if (!(typeof value === "number" && value >= 0)) return refused(`${was}; give a number from 0`);
    } else if (name !== "purpose" && name !== "explainEvery")
      return refused(
        `featureLog has no option "${name}"; it takes ${numbers.join(", ")}, purpose, explainEvery`,
      );
  }
  const wanted = `give a text of 1 to ${maxPurposeLength} characters`;
  return refused(`featureLog.purpose is not one that can be shown; ${wanted}`);
}

function refused(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
