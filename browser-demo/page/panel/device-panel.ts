import { element, setText } from "../dom.js";
import type { KeyboardStatus } from "../keyboard-device.js";
import type { Card } from "./card.js";
import { createConsentCard } from "./consent-card.js";
import { createEraseDialog } from "./erase-dialog.js";
import { createLogCard } from "./log-card.js";
import { createModelCard } from "./model-card.js";
import { createSentCard } from "./sent-card.js";
import { createTrainingCard } from "./training-card.js";

/** What the panel asks the page to do. */
export interface PanelActions {
  consent(consent: KeyboardStatus["consent"]): void;
  train(): void;
  erase(): void;
}

const NO_PROBLEM = "All is well.";

/** "What this device knows": cards in plain words, shown again with every change. */
export class DevicePanel {
  readonly #problem = element("p", { class: "problem", role: "status", "data-testid": "problem" });
  readonly #training: ReturnType<typeof createTrainingCard>;
  readonly #cards: readonly Card[];
  readonly node: HTMLElement;

  constructor(actions: PanelActions) {
    const dialog = createEraseDialog(() => actions.erase());
    this.#training = createTrainingCard(() => actions.train());
    const first = [
      createModelCard(),
      createConsentCard((consent) => actions.consent(consent)),
      createLogCard(() => dialog.showModal()),
    ];
    const second = [this.#training, createSentCard()];
    this.#cards = [...first, ...second];
    this.node = element(
      "aside",
      { class: "panel", "aria-labelledby": "panel-title" },
      element("h2", { id: "panel-title" }, "What this device knows"),
      this.#problem,
      element("div", { class: "columns" }, columnOf(first), columnOf(second)),
      dialog,
    );
  }

  show(status: KeyboardStatus, nowMs: number, pageProblem: string | null): void {
    const problem = status.problem ?? pageProblem;
    setText(this.#problem, problem ?? NO_PROBLEM);
    this.#problem.dataset["tone"] = problem === null ? "good" : "bad";
    for (const card of this.#cards) card.show(status, nowMs);
  }

  /** Drops what the charts remember of the time before. */
  forget(): void {
    this.#training.forget();
  }
}

function columnOf(cards: readonly Card[]): HTMLElement {
  return element("div", { class: "column" }, ...cards.map(({ node }) => node));
}
