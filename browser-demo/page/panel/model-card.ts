import { setText } from "../dom.js";
import { connectionInWords, modelDetailsInWords, modelInWords } from "../text/status-words.js";
import { cardOf, line, type Card } from "./card.js";

/** Which model suggests the words, since when, and how the device is connected. */
export function createModelCard(): Card {
  const version = line("version", "figure");
  const details = line("version-details", "quiet two-lines");
  const connection = line("connection", "quiet two-lines");
  return {
    node: cardOf("Model", version, details, connection),
    show: (status, nowMs) => {
      setText(version, modelInWords(status.model));
      setText(details, modelDetailsInWords(status, nowMs));
      setText(connection, connectionInWords(status));
    },
  };
}
