import type { DriftOptionsInput } from "./options.js";
import { STREAM_METHODS, type DriftMethod, type DriftResult, type StreamMethod } from "./result.js";
import type { Sample } from "./samples/sample.js";
import { testSamples, type SampleMethod } from "./test-samples.js";
import { testStream } from "./test-stream.js";

/**
 * One result for a method, a reference and a current sample: the one place where statistics become verdicts. An input that cannot be
 * tested gives `not_testable` and the reason. Throws OPTION_INVALID for options at fault, and nothing else.
 */
export function testDrift(
  method: DriftMethod,
  reference: Sample,
  current: Sample,
  options: DriftOptionsInput = {},
): DriftResult {
  return isStreamMethod(method)
    ? testStream(method, reference, current, options)
    : testSamples(method as SampleMethod, reference, current, options);
}

/** True for methods that follow a stream. */
export function isStreamMethod(method: DriftMethod): method is StreamMethod {
  return (STREAM_METHODS as readonly string[]).includes(method);
}
