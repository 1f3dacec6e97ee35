import type { Writable } from "node:stream";
import { SingleBar } from "cli-progress";
import type { RoundResult } from "./result.js";

/** Shows a run while it goes on. */
export interface ProgressReporter {
  /** What is being prepared or waited for. */
  stage(text: string): void;
  round(result: RoundResult): void;
  close(): void;
}

/** Says nothing. */
export const silentProgress: ProgressReporter = {
  stage: () => undefined,
  round: () => undefined,
  close: () => undefined,
};

/** A bar on a terminal, a line for each round elsewhere. */
export function createProgress(
  output: Writable & { readonly isTTY?: boolean },
  numRounds: number,
): ProgressReporter {
  return output.isTTY === true ? barProgress(output, numRounds) : lineProgress(output, numRounds);
}

function lineProgress(output: Writable, numRounds: number): ProgressReporter {
  return {
    stage: (text) => void output.write(`${text}\n`),
    round: (result) => void output.write(`round ${result.round}/${numRounds}: ${describeRound(result)}\n`),
    close: () => undefined,
  };
}

function barProgress(output: Writable, numRounds: number): ProgressReporter {
  const bar = new SingleBar({
    stream: output as NodeJS.WritableStream,
    format: "{bar} round {value}/{total}  {text}",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: false,
  });
  let isStarted = false;
  return {
    stage: (text) => {
      if (isStarted) bar.update({ text });
      else output.write(`${text}\n`);
    },
    round: (result) => {
      const text = describeRound(result);
      if (isStarted) bar.update(result.round, { text });
      else bar.start(numRounds, result.round, { text });
      isStarted = true;
    },
    close: () => bar.stop(),
  };
}

export function describeRound(result: RoundResult): string {
  const lost = (["dropped", "late", "aborted", "refused"] as const).filter((reason) => result[reason] > 0);
  const parts = [
    result.version === null ? "abandoned" : `version ${result.version}`,
    ...(result.accuracy === null ? [] : [`accuracy ${percent(result.accuracy)}`]),
    ...(result.loss === null ? [] : [`loss ${result.loss.toFixed(4)}`]),
    `${result.reported} reported`,
    ...lost.map((reason) => `${result[reason]} ${reason}`),
    `${megabytes(result.bytesUp)} up, ${megabytes(result.bytesDown)} down`,
  ];
  return parts.join(", ");
}

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
