type Plain = string | boolean | Plain[] | { [name: string]: Plain };

interface Line {
  readonly indent: number;
  readonly text: string;
}

/**
 * The value of a YAML file that has nested maps, lists of texts (also `[a, b]`), booleans and texts, and nothing else of
 * YAML. Throws for every line that is none of these, so that nothing is understood by half.
 */
export function readPlainYaml(source: string): Plain {
  const lines = source
    .split("\n")
    .map((line) => ({ indent: line.search(/\S/), text: line.trim() }))
    .filter(({ text }) => text !== "" && !text.startsWith("#"));
  const value = blockOf(lines, lines[0]?.indent ?? 0);
  if (lines.length > 0) throw new Error(`cannot read "${lines[0]?.text}"`);
  return value;
}

/** Takes the lines of one block from the front. */
function blockOf(lines: Line[], indent: number): Plain {
  const list: Plain[] = [];
  const map: { [name: string]: Plain } = {};
  for (let line = lines[0]; line?.indent === indent; line = lines[0]) {
    lines.shift();
    const item = /^- (.+)$/.exec(line.text)?.[1];
    const [, name, rest = ""] = /^([A-Za-z]+):(?: (.+))?$/.exec(line.text) ?? [];
    if (item !== undefined) list.push(scalarOf(item));
    else if (name === undefined) throw new Error(`cannot read "${line.text}"`);
    else map[name] = rest === "" ? blockOf(lines, lines[0]?.indent ?? 0) : scalarOf(rest);
  }
  if (list.length > 0 && Object.keys(map).length > 0) throw new Error("a list with names");
  return list.length > 0 ? list : map;
}

function scalarOf(text: string): Plain {
  const flow = /^\[(.*)\]$/.exec(text)?.[1];
  if (flow !== undefined) return flow.split(",").map((part) => scalarOf(part.trim()));
  const quoted = /^"([^"\\]*)"$/.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  if (text === "true" || text === "false") return text === "true";
  if (/^[\w@*/.][\w @*/.-]*$/.test(text) && !text.startsWith("*")) return text;
  throw new Error(`cannot read the value "${text}"`);
}
