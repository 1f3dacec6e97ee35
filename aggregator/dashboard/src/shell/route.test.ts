import { expect, test } from "vitest";
import { hrefOf, parseRoute } from "./route.js";

test.each([
  ["", { page: "", item: null, invitation: null }],
  ["#/fleet", { page: "fleet", item: null, invitation: null }],
  ["#/fleet/device-1", { page: "fleet", item: "device-1", invitation: null }],
  ["#/rollouts/a%20b", { page: "rollouts", item: "a b", invitation: null }],
  ["#/rollouts/%zz", { page: "rollouts", item: "%zz", invitation: null }],
  ["#/invitation=Abc_-9", { page: "invitation", item: null, invitation: "Abc_-9" }],
  ["#/invitation=<script>", { page: "invitation=<script>", item: null, invitation: null }],
])("the address %j leads to %j", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test("the address of a thing leads back to it, whatever signs its name has", () => {
  expect(parseRoute(hrefOf("fleet", "a/b #1")).item).toBe("a/b #1");
});
