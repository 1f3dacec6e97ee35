import { expect, test } from "vitest";
import { explainFilter } from "./explain-filter.js";
import { parseFilter } from "./parse-filter.js";

test("a filter in words shows what binds together", () => {
  const filter =
    'platform == browser* and (serving.digits < 7 or not presence in (online, "a b")) and id != x';

  expect(explainFilter(parseFilter(filter))).toEqual([
    "all of",
    "  platform is browser*",
    "  at least one of",
    "    serving.digits is less than 7",
    "    not",
    '      presence is one of online, "a b"',
    "  id is not x",
  ]);
});
