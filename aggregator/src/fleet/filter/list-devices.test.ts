import { expect, test } from "vitest";
import { sampleDevice } from "../../http/testing/sample-data.js";
import type { DeviceRecord } from "../../store/port.js";
import { listFiltered } from "./list-devices.js";

const fleet = Array.from({ length: 2500 }, (_, number) => sampleDevice(number));
let numRead = 0;
const store = {
  listDevices: ({ limit, offset } = { limit: fleet.length, offset: 0 }): Promise<DeviceRecord[]> => {
    const page = fleet.slice(offset, offset + limit);
    numRead += page.length;
    return Promise.resolve(page);
  },
};
const everyHundredth = ({ deviceId }: DeviceRecord): boolean => deviceId.endsWith("00");
const numbersOf = (devices: readonly DeviceRecord[]): number[] =>
  devices.map(({ deviceId }) => Number(deviceId.replace("device-", "")));

test("pages of what a filter means follow each other through the whole fleet", async () => {
  const pages: number[] = [];
  for (let offset = 0; offset < 30; offset += 7)
    pages.push(...numbersOf((await listFiltered(store, everyHundredth, { limit: 7, offset })).devices));

  expect(pages).toEqual(Array.from({ length: 24 }, (_, at) => (at + 1) * 100));
});

test("without a page all come", async () => {
  expect((await listFiltered(store, everyHundredth)).devices).toHaveLength(24);
});

test("a page and the count of all that a filter means take one reading of the fleet", async () => {
  numRead = 0;

  const { devices, total } = await listFiltered(store, everyHundredth, { limit: 7, offset: 7 });

  expect([devices.length, total, numRead]).toEqual([7, 24, fleet.length]);
});
