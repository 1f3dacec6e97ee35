import { expect, test } from "vitest";
import { brokerAddress } from "./broker-address.js";

test.each([
  ["mqtt://aggregator:s%40crèt@broker:1883", "mqtt://broker:1883", "aggregator", "s@crèt"],
  ["mqtts://aggregator@broker:8883", "mqtts://broker:8883", "aggregator", undefined],
  ["wss://a:b@broker/mqtt", "wss://broker/mqtt", "a", "b"],
  ["mqtt://broker:1883", "mqtt://broker:1883", undefined, undefined],
])("%s: the address alone is %s", (brokerUrl, url, username, password) => {
  const parts = brokerAddress(brokerUrl);

  expect([parts.url, parts.username, parts.password]).toEqual([url, username, password]);
});

test("what is no address is refused, without repeating what may be a password", () => {
  expect(() => brokerAddress("//aggregator:secret@broker")).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.not.stringContaining("secret") }),
  );
});
