import { expect, test } from "vitest";
import { formatFields, formatTable } from "./table.js";

test("words align to the left and numbers to the right, without blanks at the end", () => {
  const table = formatTable(
    [
      { title: "NAME", cell: (row: readonly string[]) => row[0] ?? "" },
      { title: "N", isNumber: true, cell: (row: readonly string[]) => row[1] ?? "" },
      { title: "WHY", cell: (row: readonly string[]) => row[2] ?? "" },
    ],
    [
      ["ana", "7", "late"],
      ["bo", "1200", ""],
    ],
  );

  expect(table).toBe("NAME     N  WHY\nana      7  late\nbo    1200\n");
});

test("field values align", () => {
  expect(
    formatFields([
      ["a", "1"],
      ["long", "2"],
    ]),
  ).toBe("a     1\nlong  2\n");
});

test("text from elsewhere cannot take hold of the terminal", () => {
  const escape = "\u{1b}[2J\u{9b}31m";

  expect(formatFields([["name", escape]])).toBe("name  \u{fffd}[2J\u{fffd}31m\n");
  expect(formatTable([{ title: "NAME", cell: String }], [escape])).toBe("NAME\n\u{fffd}[2J\u{fffd}31m\n");
});
