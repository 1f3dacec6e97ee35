import { LOSS_KINDS } from "@fedge/onnx-autodiff";
import { Option } from "commander";
import { DEFAULT_WINDOW } from "../../drift/profiles/build-profile.js";
import { duration, wholeNumber } from "../flag-values.js";

/** Which model a profile is of. */
export function modelOptions(whatVersion: string): Option[] {
  return [
    new Option(
      "--model <name>",
      "the model; digits@3 or --model-version takes a version of the aggregator",
    ).makeOptionMandatory(),
    new Option("--model-version <number>", whatVersion).argParser(wholeNumber({ least: 1 })),
    new Option("--onnx <file>", "the model from a file, where no aggregator has it yet"),
    new Option("--loss <loss>", "of --onnx: what training minimises")
      .choices(LOSS_KINDS)
      .default(LOSS_KINDS[0]),
  ];
}

/** How devices cut time, and how much of one device counts. */
export function windowOptions(): Option[] {
  return [
    new Option("--window <duration>", "how long devices count before they send")
      .argParser(duration)
      .default(DEFAULT_WINDOW.lengthMs, "1h"),
    new Option("--max-rows <number>", "rows of one device that count in a window")
      .argParser(wholeNumber({ least: 1, most: 10_000 }))
      .default(DEFAULT_WINDOW.maxRows),
  ];
}
