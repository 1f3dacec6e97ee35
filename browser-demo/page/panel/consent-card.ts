import { element } from "../dom.js";
import type { KeyboardStatus } from "../keyboard-device.js";
import { cardOf, type Card } from "./card.js";

type Consent = KeyboardStatus["consent"];

/** Two switches, which show what the device says, not what was clicked. */
export function createConsentCard(onConsent: (consent: Consent) => void): Card {
  let current: Consent = { training: false, reporting: false };
  const training = createSwitch(
    "training",
    "Learn from what I type",
    "Trains on this device. Only changed numbers of the model are sent.",
  );
  const reporting = createSwitch(
    "reporting",
    "Report how well it works",
    "Sends counts, such as how many suggestions were taken.",
  );
  for (const [name, { input }] of [["training", training] as const, ["reporting", reporting] as const]) {
    input.addEventListener("change", () => onConsent({ ...current, [name]: input.checked }));
  }
  return {
    node: cardOf("What you allow", training.node, reporting.node),
    show: ({ consent }) => {
      current = consent;
      training.input.checked = consent.training;
      reporting.input.checked = consent.reporting;
    },
  };
}

function createSwitch(name: string, label: string, details: string) {
  const id = `consent-${name}`;
  const attributes = { id, type: "checkbox", role: "switch", class: "switch", "data-testid": id };
  const input = element("input", { ...attributes, "aria-describedby": `${id}-details` });
  const node = element(
    "div",
    { class: "consent" },
    element("label", { for: id }, label),
    input,
    element("p", { id: `${id}-details`, class: "quiet" }, details),
  );
  return { node, input };
}
