import { beforeAll, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { sampleProfile } from "../../testing/sample-profile.js";
import { RowCounter } from "./row-counter.js";
import { watchedProfile, type WatchedProfile } from "./watched-feature.js";

let watched: WatchedProfile;
beforeAll(async () => {
  watched = watchedProfile(await sampleProfile(nodeDigest));
});

/** A counter, and ids of what it has counted, in that order. */
function create(opens: () => boolean = () => true) {
  const counted: string[] = [];
  const counter = new RowCounter(watched, () => 3, {
    ...{ opens, failed: () => undefined },
    counted: (batch, _bin, elapsedUs, id) => counted.push(`${id} ${batch.numRows} ${elapsedUs}`),
  });
  const answer = (id: number, numRows = 1): void => {
    const input = { shape: [numRows, 1], data: new Float64Array(numRows) };
    counter.begin({ input }).answered({}, 10 * id, String(id));
  };
  return { counter, counted, answer };
}

test("predictions wait until sixteen are there, and are counted in the order in which they were answered", () => {
  const { counted, answer } = create();
  for (let id = 1; id <= 15; id += 1) answer(id);
  const before = [...counted];
  answer(16);

  expect(before).toEqual([]);
  expect(counted).toEqual(Array.from({ length: 16 }, (_, at) => `${at + 1} 1 ${10 * (at + 1)}`));
});

test("whoever looks has what waits counted, each once", () => {
  const { counter, counted, answer } = create();
  answer(1);
  counter.count();
  counter.count();
  answer(2);
  counter.count();

  expect(counted).toEqual(["1 1 10", "2 1 20"]);
});

test("a prediction of many rows waits for no others", () => {
  const { counted, answer } = create();
  answer(1);
  answer(2, 65);

  expect(counted).toEqual(["1 1 10", "2 65 20"]);
});

test("what is to be forgotten is not counted, nor what comes when no window takes it", () => {
  let isOpen = true;
  const { counter, counted, answer } = create(() => isOpen);
  answer(1);
  counter.forget();
  isOpen = false;
  answer(2);
  isOpen = true;
  answer(3);
  counter.count();

  expect(counted).toEqual(["3 1 30"]);
});
