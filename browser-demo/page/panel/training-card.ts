import { createChangeChart } from "../charts/drawings.js";
import { element, setText } from "../dom.js";
import type { KeyboardStatus } from "../keyboard-device.js";
import { countOf, lossInWords } from "../text/quantities.js";
import { eligibilityInWords, gainInWords, lastTrainingInWords, phaseInWords } from "../text/status-words.js";
import { cardOf, line, type Card } from "./card.js";
import { withTraining, type Training } from "./history.js";

/** What this device learned by itself: its last trainings, and whether it may train now. */
export function createTrainingCard(onTrain: () => void): Card & { forget(): void } {
  const parts = createParts(onTrain);
  let trainings: readonly Training[] = [];
  return {
    node: parts.node,
    show: (status, nowMs) => {
      trainings = withTraining(trainings, status.training.last);
      setText(parts.gain, gainInWords(status.training.last));
      setText(parts.last, lastTrainingInWords(status.training.last, nowMs));
      setText(
        parts.phase,
        `${phaseInWords(status.training.phase)}. ${eligibilityInWords(status.eligibility)}.`,
      );
      parts.chart.show(pairsOf(trainings), chartInWords(trainings));
      parts.train.setAttribute("aria-disabled", String(!mayTrain(status)));
    },
    forget: () => {
      trainings = [];
    },
  };
}

function createParts(onTrain: () => void) {
  const gain = line("gain", "figure");
  const last = line("last-training", "quiet two-lines");
  const phase = line("phase", "quiet two-lines");
  const chart = createChangeChart();
  const train = element(
    "button",
    { type: "button", class: "quiet-button", "data-testid": "train" },
    "Train now",
  );
  train.addEventListener("click", () => {
    if (train.getAttribute("aria-disabled") !== "true") onTrain();
  });
  const node = cardOf("Local training", gain, last, chart.node, legend(), phase, train);
  return { node, gain, last, phase, chart, train };
}

function legend(): HTMLElement {
  const [before, after] = [element("span", {}, "loss before"), element("span", {}, "after")];
  return element("p", { class: "legend", "aria-hidden": "true" }, before, after);
}

function mayTrain({ consent, training }: KeyboardStatus): boolean {
  return consent.training && training.phase === "idle";
}

function pairsOf(trainings: readonly Training[]): (readonly [number, number])[] {
  return trainings.map(({ lossBefore, lossAfter }) => [lossBefore, lossAfter] as const);
}

function chartInWords(trainings: readonly Training[]): string {
  const last = trainings.at(-1);
  if (last === undefined) return "Loss before and after each training: none yet";
  const change = `the last one from ${lossInWords(last.lossBefore)} to ${lossInWords(last.lossAfter)}`;
  return `Loss before and after ${countOf(trainings.length, "training")}, ${change}`;
}
