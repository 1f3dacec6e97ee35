import type { EvaluationRecord } from "../../store/port.js";
import type { CohortResult, EvaluationRunRecord } from "./run-record.js";

/** The data set's name of a run: every run asks other devices, and is a set of its own. */
export function dataSetOf({ runId }: Pick<EvaluationRunRecord, "runId">): string {
  return `devices:${runId}`;
}

/** What goes into the evaluation store: a row for each version, and one for each of its segments that is shown. */
export function recordsOf(run: EvaluationRunRecord): EvaluationRecord[] {
  const cohorts: readonly (readonly [segment: string, result: CohortResult | null])[] = [
    ["", run.result],
    ...run.segments.map(({ segment, result }) => [segment, result] as const),
  ];
  return cohorts.flatMap(([segment, result]) => (result === null ? [] : rowsOf(run, segment, result)));
}

function rowsOf(run: EvaluationRunRecord, segment: string, result: CohortResult): EvaluationRecord[] {
  return result.versions.flatMap(({ version, loss, accuracy }) => {
    if (loss === null) return [];
    const place = { model: run.request.model, version, dataSet: dataSetOf(run), segment };
    const evaluatedAtMs = run.endedAtMs ?? run.startedAtMs;
    return [{ ...place, numExamples: result.numTerms, accuracy, loss, results: null, evaluatedAtMs }];
  });
}
