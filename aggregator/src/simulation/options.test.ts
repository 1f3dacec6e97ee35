import { describe, expect, test } from "vitest";
import { decodeSimulationOptions } from "./options.js";

describe("decodeSimulationOptions", () => {
  test("aims for a fraction of all devices, at least one (McMahan et al. 2017, Algorithm 1)", () => {
    const goal = (devices: string, fraction: string): number =>
      decodeSimulationOptions({ devices, fraction, minReports: "1" }).goalReports;

    expect([goal("100", "0.1"), goal("20", "0.5"), goal("7", "0.01")]).toEqual([10, 10, 1]);
  });

  test("needs half of the goal by default", () => {
    expect(decodeSimulationOptions({ devices: "100", fraction: "0.1" }).minReports).toBe(5);
  });

  test("keeps a server optimizer's own constants where none are given (Reddi et al. 2021, section 5.2)", () => {
    expect(decodeSimulationOptions({ serverOptimizer: "fedadam", tau: "0.1" }).serverOptimizer).toEqual({
      kind: "fedadam",
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.99,
      tau: 0.1,
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ model: "resnet" }, '--model takes one of 2nn, logistic, cnn, char-lstm, next-word, not "resnet".'],
    [{ fraction: "1.5" }, '--fraction takes a number above 0 up to 1, not "1.5".'],
    [{ fraction: "0" }, "--fraction takes"],
    [{ fraction: "ten" }, '--fraction takes a number above 0 up to 1, not "ten".'],
    [{ devices: "2.5" }, '--devices takes a whole number from 1 up to 10000, not "2.5".'],
    [{ devices: "" }, "--devices takes"],
    [{ learningRate: "-1" }, "--learning-rate takes"],
    [{ beta1: "1" }, '--beta1 takes a number from 0 and below 1, not "1".'],
    [{ dropout: "Infinity" }, "--dropout takes"],
    [{ partition: "random" }, "--partition takes one of iid, shards, dirichlet"],
    [{ fraction: "0.9", overSelection: "1.3" }, "a round would select 117 devices"],
    [{ dropout: "0.6", late: "0.5" }, "--dropout and --late together are 1.1"],
    [{ minReports: "11" }, "--min-reports is 11, but a round aims for 10"],
    [{ devices: "2", fraction: "1", workers: "3" }, "--workers is 3 for 2 devices"],
    [{ serverOptimizer: "fedavg", beta1: "0.5" }, "--beta1 has no meaning with --server-optimizer fedavg"],
    [{ seed: "" }, "--seed must have"],
  ])("refuses %j in one sentence", (raw, message) => {
    expect(() => decodeSimulationOptions(raw)).toThrow(
      expect.objectContaining({
        code: "OPTION_INVALID",
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
