import { expect, test } from "vitest";
import { hrefOf, parseRoute } from "./route.js";

test.each([
  ["", { page: "", item: null, code: null }],
  ["#/fleet", { page: "fleet", item: null, code: null }],
  ["#/fleet/device-1", { page: "fleet", item: "device-1", code: null }],
  ["#/rollouts/a%20b", { page: "rollouts", item: "a b", code: null }],
  ["#/rollouts/%zz", { page: "rollouts", item: "%zz", code: null }],
  ["#/invitation=Abc_-9", { page: "invitation", item: null, code: "Abc_-9" }],
  ["#/new-password=Abc_-9", { page: "new-password", item: null, code: "Abc_-9" }],
  ["#/invitation=<script>", { page: "invitation=<script>", item: null, code: null }],
])("the address %j leads to %j", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test("the address of a thing leads back to it, whatever signs its name has", () => {
  expect(parseRoute(hrefOf("fleet", "a/b #1")).item).toBe("a/b #1");
});
