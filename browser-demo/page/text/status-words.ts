import type { KeyboardStatus } from "../keyboard-device.js";
import { NONE, agoInWords, countOf, lossInWords } from "./quantities.js";

/** Whether and through whom the device talks to its server. */
export function connectionInWords({ connection, role }: Pick<KeyboardStatus, "connection" | "role">): string {
  if (connection === "offline") return "Offline. Suggestions go on working.";
  if (connection === "connecting") return "Connecting…";
  if (role === "follower") return "Connected through another open page.";
  return role === "leader" ? "Connected. This page speaks for all open pages." : "Connected.";
}

/** One word for the light beside the title. */
export function connectionInOneWord(connection: KeyboardStatus["connection"]): string {
  return { online: "Online", offline: "Offline", connecting: "Connecting" }[connection];
}

/** Which model is here. */
export function modelInWords(model: KeyboardStatus["model"]): string {
  return model === null ? "No model yet" : `Version ${model.version.toLocaleString("en")}`;
}

/** Where the model comes from, since when it is here and what runs it. */
export function modelDetailsInWords(status: Pick<KeyboardStatus, "model" | "engine">, nowMs: number): string {
  if (status.model === null) return "The first one comes with the connection.";
  const engine = status.engine === null ? "" : ` Runs on ${status.engine}.`;
  return `${status.model.name}, came ${agoInWords(status.model.sinceMs, nowMs)}.${engine}`;
}

/** Whether the device may train now, and if not, what it waits for. */
export function eligibilityInWords({ isEligible, reasons }: KeyboardStatus["eligibility"]): string {
  if (isEligible) return "Ready to train";
  const plain = reasons
    .map((reason) => reason.replace(/[-_]+/g, " ").trim())
    .filter((reason) => reason !== "");
  return plain.length === 0 ? "Waiting" : `Waiting: ${plain.join(", ")}`;
}

/** What the training does at this moment. */
export function phaseInWords(phase: KeyboardStatus["training"]["phase"]): string {
  switch (phase) {
    case "idle":
      return "Not training";
    case "waiting":
      return "Waiting for its turn";
    case "training":
      return "Training now";
    case "sending":
      return "Sending what it learned";
  }
}

/** The last training in numbers: how much it saw and what came of it. */
export function lastTrainingInWords(last: KeyboardStatus["training"]["last"], nowMs: number): string {
  if (last === null) return "This device has not trained yet.";
  const change = `loss ${lossInWords(last.lossBefore)} → ${lossInWords(last.lossAfter)}`;
  return `${countOf(last.numExamples, "example")}, ${change}, ${agoInWords(last.atMs, nowMs)}`;
}

/** By how much a training lowered the loss, as a percentage of what it was. */
export function gainInWords(last: KeyboardStatus["training"]["last"]): string {
  if (last === null) return NONE;
  const fraction = (last.lossBefore - last.lossAfter) / last.lossBefore;
  if (!Number.isFinite(fraction)) return NONE;
  const percent = Math.round(Math.abs(fraction) * 100);
  if (percent === 0) return "no better";
  return `${percent} % ${fraction > 0 ? "better" : "worse"}`;
}
