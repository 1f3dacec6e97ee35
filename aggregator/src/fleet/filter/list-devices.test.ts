import { expect, test } from "vitest";
import { sampleDevice } from "../../http/testing/sample-data.js";
import type { DeviceRecord } from "../../store/port.js";
import { countFiltered, listFiltered } from "./list-devices.js";

const fleet = Array.from({ length: 2500 }, (_, number) => sampleDevice(number));
const store = {
  listDevices: ({ limit, offset } = { limit: fleet.length, offset: 0 }): Promise<DeviceRecord[]> =>
    Promise.resolve(fleet.slice(offset, offset + limit)),
};
const everyHundredth = ({ deviceId }: DeviceRecord): boolean => deviceId.endsWith("00");
const numbersOf = (devices: readonly DeviceRecord[]): number[] =>
  devices.map(({ deviceId }) => Number(deviceId.replace("device-", "")));

test("pages of what a filter means follow each other through the whole fleet", async () => {
  const pages: number[] = [];
  for (let offset = 0; offset < 30; offset += 7)
    pages.push(...numbersOf(await listFiltered(store, everyHundredth, { limit: 7, offset })));

  expect(pages).toEqual(Array.from({ length: 24 }, (_, at) => (at + 1) * 100));
});

test("without a page all come", async () => {
  expect(await listFiltered(store, everyHundredth)).toHaveLength(24);
});

test("all that a filter means are counted, beyond the first page", async () => {
  expect(await countFiltered(store, everyHundredth)).toBe(24);
});
