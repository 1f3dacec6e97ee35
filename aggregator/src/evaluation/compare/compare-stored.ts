import type { BlobStore } from "../../blobs/port.js";
import type { EvaluationRecord } from "../../store/port.js";
import { decodeExampleResults } from "../example-results.js";
import { compareEvaluated, notComparable, type Comparison, type Evaluated } from "./compare-versions.js";

export interface ComparedVersions {
  /** Of the model. */
  readonly evaluations: readonly EvaluationRecord[];
  readonly a: number;
  readonly b: number;
  /** All sets that both were evaluated on, unless given. */
  readonly dataSet?: string | undefined;
}

/** Compares two versions on every data set and segment that both were evaluated on. */
export async function compareStored(
  blobs: BlobStore,
  { evaluations, a, b, dataSet }: ComparedVersions,
): Promise<Comparison[]> {
  const wanted = evaluations.filter((one) => dataSet === undefined || one.dataSet === dataSet);
  const ofA = wanted.filter(({ version }) => version === a);
  const pairs = wanted
    .filter(({ version }) => version === b)
    .flatMap((right) => {
      const left = ofA.find((one) => one.dataSet === right.dataSet && one.segment === right.segment);
      return left === undefined ? [] : [{ left, right }];
    });
  if (pairs.length === 0) return [notShared({ a, b, dataSet })];
  return Promise.all(
    pairs.map(async ({ left, right }) =>
      compareEvaluated(await withResults(blobs, left), await withResults(blobs, right)),
    ),
  );
}

function notShared({ a, b, dataSet }: Omit<ComparedVersions, "evaluations">): Comparison {
  const place = { dataSet: dataSet ?? "", segment: "", numExamples: 0 };
  const what = dataSet === undefined ? "any data set" : `data set "${dataSet}"`;
  return notComparable(place, `versions ${a} and ${b} were not both evaluated on ${what}`);
}

/** Without what every example gave, which a deleted version no longer has, the sums are compared. */
async function withResults(blobs: BlobStore, evaluation: EvaluationRecord): Promise<Evaluated> {
  const { results } = evaluation;
  if (results === null || !(await blobs.has(results.sha256))) return { evaluation, results: null };
  return { evaluation, results: decodeExampleResults(await blobs.get(results.sha256)) };
}
