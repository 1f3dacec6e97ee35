import { FedgeError } from "@fedge/protocol";
import { expect, test } from "vitest";
import { filterPlace } from "./filter-place.js";

const invalid = (at: number): FedgeError => new FedgeError("FILTER_INVALID", "no", { details: { at } });

test("the place of a mistake splits the filter at its sign", () => {
  expect(filterPlace(invalid(9), "presence = lost")).toEqual({
    before: "presence ",
    at: "=",
    after: " lost",
  });
});

test("a mistake at the end has no sign", () => {
  expect(filterPlace(invalid(2), "id")).toEqual({ before: "id", at: "", after: "" });
});

test("of a long filter only the surroundings are shown", () => {
  const filter = `${"a".repeat(100)}!${"b".repeat(100)}`;

  expect(filterPlace(invalid(100), filter)).toEqual({
    before: `…${"a".repeat(24)}`,
    at: "!",
    after: `${"b".repeat(24)}…`,
  });
});

test.each([
  ["another error", new FedgeError("OPTION_INVALID", "no", { details: { at: 1 } })],
  ["an error without a place", new FedgeError("FILTER_INVALID", "no")],
  ["a place beyond the filter", invalid(99)],
])("%s has no place", (_name, error) => {
  expect(filterPlace(error, "id == a")).toBeNull();
});
