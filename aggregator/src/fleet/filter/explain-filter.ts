import type { Comparator, FilterNode, Literal } from "./filter-syntax.js";

const WORDS: Readonly<Record<Comparator, string>> = {
  "==": "is",
  "!=": "is not",
  "<": "is less than",
  "<=": "is at most",
  ">": "is more than",
  ">=": "is at least",
};
const INDENT = "  ";

/** A filter in words, a line for each condition, indented by how they hang together. */
export function explainFilter(node: FilterNode): string[] {
  switch (node.kind) {
    case "and":
    case "or":
      return [
        node.kind === "and" ? "all of" : "at least one of",
        ...node.terms.flatMap((term) => explainFilter(term).map((line) => INDENT + line)),
      ];
    case "not":
      return ["not", ...explainFilter(node.term).map((line) => INDENT + line)];
    case "compare":
      return [`${node.field.text} ${WORDS[node.comparator]} ${valueText(node.value)}`];
    case "in":
      return [`${node.field.text} is one of ${node.values.map(valueText).join(", ")}`];
  }
}

function valueText({ text, isQuoted }: Literal): string {
  return isQuoted ? `"${text}"` : text;
}
