import { describe, expect, test } from "vitest";
import { createRandom } from "../../random.js";
import {
  createDetector,
  decodeDriftOptions,
  restoreDetector,
  STREAM_METHODS,
  type StreamMethod,
} from "../index.js";

function streamOf(method: StreamMethod, length: number): number[] {
  const random = createRandom(method);
  return Array.from({ length }, (_value, index) => {
    const isLate = index > length / 2;
    if (method === "ddm") return Number(random.unit() < (isLate ? 0.5 : 0.1));
    return random.unit() + (isLate ? 4 : 0);
  });
}

function create(method: StreamMethod) {
  return createDetector(
    method,
    { mean: 0.5, deviation: 0.3 },
    decodeDriftOptions({ pageHinkley: { threshold: 20 } }),
  );
}

describe.each(STREAM_METHODS)("%s", (method) => {
  test("saved at any value and restored, it says the same from there on", () => {
    const stream = streamOf(method, 600);
    const whole = create(method);
    const states = stream.map((value) => whole.update(value));
    expect(states).toContain("drift");

    let moved = create(method);
    const movedStates = stream.map((value) => {
      moved = restoreDetector(method, moved.save());
      return moved.update(value);
    });

    expect(movedStates).toEqual(states);
    expect(moved.save()).toEqual(whole.save());
    expect(moved.statistic).toBe(whole.statistic);
  });

  test("damaged bytes are refused", () => {
    const detector = create(method);
    for (const value of streamOf(method, 100)) detector.update(value);
    const bytes = detector.save();
    const damaged = [
      bytes.subarray(0, bytes.length - 1),
      bytes.subarray(0, 5),
      new Uint8Array(0),
      Uint8Array.from([...bytes, ...new Uint8Array(8)]),
      bytes.map((byte, index) => (index === 3 ? 99 : byte)),
      bytes.map((byte, index) => (index === 2 ? byte + 1 : byte)),
      bytes.map((byte, index) => (index >= 8 && index < 16 ? 255 : byte)),
    ];

    for (const wrong of damaged) {
      expect(() => restoreDetector(method, wrong)).toThrow(expect.objectContaining({ code: "DATA_CORRUPT" }));
    }
  });

  test("a value that is not finite, or too large to square, changes nothing", () => {
    const detector = create(method);
    for (const value of streamOf(method, 100)) detector.update(value);
    const before = detector.save();

    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1e200]) detector.update(value);

    expect(detector.save()).toEqual(before);
  });
});

test("the bytes of a state are as documented: FD, method, version, count, then float64", () => {
  const bytes = create("page-hinkley").save();
  const view = new DataView(bytes.buffer);

  expect([...bytes.subarray(0, 4)]).toEqual([0x46, 0x44, 1, 1]);
  expect(view.getUint32(4, true)).toBe(11);
  expect(bytes.length).toBe(8 + 11 * 8);
  expect([view.getFloat64(8, true), view.getFloat64(16, true)]).toEqual([0.005, 20]);
});

test("ADWIN takes a hundred thousand values of 1e15 and 1 without a window that varies less than nothing", () => {
  const detector = create("adwin");
  let numDrifts = 0;
  for (let index = 0; index < 100_000; index += 1) {
    if (detector.update(index % 1000 === 0 ? 1e15 : 1) === "drift") numDrifts += 1;
  }

  expect(Number.isFinite(detector.statistic)).toBe(true);
  expect(numDrifts).toBeLessThan(100);
});
