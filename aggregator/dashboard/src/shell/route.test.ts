import { expect, test } from "vitest";
import { hrefOf, parseRoute, withQuery } from "./route.js";

const NOTHING = { item: null, part: null, query: {}, code: null };

test.each([
  ["", { ...NOTHING, page: "" }],
  ["#/fleet", { ...NOTHING, page: "fleet" }],
  ["#/fleet/device-1", { ...NOTHING, page: "fleet", item: "device-1" }],
  ["#/rollouts/a%20b", { ...NOTHING, page: "rollouts", item: "a b" }],
  ["#/rollouts/%zz", { ...NOTHING, page: "rollouts", item: "%zz" }],
  ["#/drift/digits/x%5B0%5D", { ...NOTHING, page: "drift", item: "digits", part: "x[0]" }],
  [
    "#/drift/digits?cohort=os%3Da&window=7",
    { ...NOTHING, page: "drift", item: "digits", query: { cohort: "os=a", window: "7" } },
  ],
  ["#/invitation=Abc_-9", { ...NOTHING, page: "invitation", code: "Abc_-9" }],
  ["#/new-password=Abc_-9", { ...NOTHING, page: "new-password", code: "Abc_-9" }],
  ["#/invitation=<script>", { ...NOTHING, page: "invitation=<script>" }],
])("the address %j leads to %j", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test("the address of a thing leads back to it, whatever signs its name has", () => {
  expect(parseRoute(hrefOf("fleet", "a/b #1?c=d")).item).toBe("a/b #1?c=d");
  expect(parseRoute(hrefOf("drift", "digits", "pulse/min?")).part).toBe("pulse/min?");
});

test("how a thing is looked at leads back to it, without what is not chosen", () => {
  const href = withQuery(hrefOf("drift", "digits"), { cohort: "os=a&b", window: undefined, version: "" });

  expect(parseRoute(href)).toEqual({
    ...NOTHING,
    page: "drift",
    item: "digits",
    query: { cohort: "os=a&b" },
  });
});
