import {
  DRIFT_METHODS,
  decodeSample,
  testDrift,
  type DriftMethod,
  type DriftOptionsInput,
} from "@fedge/protocol/drift";
import { NOT_UTF8 } from "../utf8-text.js";
import type { LineFault } from "./bounded-lines.js";
import { parseNumberedJson, withSpelledNumbers, writtenValue } from "./numbered-json.js";

/** What a line of `--cases` gives. */
export interface CaseResult {
  /** As in the case, a number that a double cannot hold as its digits; `line 7` where the case has no text or number. */
  readonly id: string | number;
  readonly statistic: number | string | null;
  readonly pValue?: number;
  readonly logPValue?: number | string;
  readonly n: number;
  readonly m: number;
  readonly verdict: string;
  readonly reason?: string;
  /** Of streams: places of drifts, from 0. */
  readonly detections?: readonly number[];
}

/** The result of the case that a line holds. Never throws: what is wrong is the reason. */
export function caseResult(text: string, lineNumber: number): CaseResult {
  let id: string | number = lineId(lineNumber);
  try {
    const parsed = parseNumberedJson(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
      return notTestable(id, "the line is no object { id, method, reference, current }");
    }
    const entry = parsed as Readonly<Record<string, unknown>>;
    id = idOf(entry["id"], text) ?? id;
    return resultOf(id, entry);
  } catch (error) {
    return notTestable(id, (error as Error).message);
  }
}

/** The result of a line that cannot be read. */
export function unreadable(lineNumber: number, fault: LineFault, mostBytes: number): CaseResult {
  const tooLong = `the line has more than ${mostBytes} bytes; give counts of bins`;
  return notTestable(lineId(lineNumber), fault === "too long" ? tooLong : NOT_UTF8);
}

function resultOf(id: string | number, entry: Readonly<Record<string, unknown>>): CaseResult {
  const { method } = entry;
  if (!isMethod(method)) {
    return notTestable(
      id,
      `there is no method ${JSON.stringify(method)?.slice(0, 64)}; there are ${DRIFT_METHODS.join(", ")}`,
    );
  }
  const reference = decodeSample(entry["reference"], '"reference"');
  const current = decodeSample(entry["current"], '"current"');
  // The options' names and ranges are checked by the test itself.
  const result = testDrift(method, reference, current, (entry["options"] ?? {}) as DriftOptionsInput);
  const { statistic, pValue, logPValue, n, m, verdict, reason, details } = result;
  const detections = details["detections"] as readonly number[] | undefined;
  return {
    id,
    statistic: withSpelledNumbers(statistic) as CaseResult["statistic"],
    ...(pValue === undefined ? {} : { pValue }),
    ...(logPValue === undefined ? {} : { logPValue: withSpelledNumbers(logPValue) as number | string }),
    ...{ n, m, verdict },
    ...(reason === undefined ? {} : { reason }),
    ...(detections === undefined ? {} : { detections }),
  };
}

function isMethod(value: unknown): value is DriftMethod {
  return typeof value === "string" && (DRIFT_METHODS as readonly string[]).includes(value);
}

function idOf(value: unknown, text: string): string | number | undefined {
  if (typeof value === "string" || Number.isSafeInteger(value)) return value as string | number;
  if (typeof value !== "number") return undefined;
  const written = writtenValue(text, "id");
  return written === String(value) ? value : written;
}

/** Words, since a number could be the id of another case. */
function lineId(lineNumber: number): string {
  return `line ${lineNumber}`;
}

function notTestable(id: string | number, reason: string): CaseResult {
  return { id, statistic: null, n: 0, m: 0, verdict: "not_testable", reason };
}
