export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Splits a server-sent event stream (WHATWG HTML, section 9.2.6) that arrives in arbitrary pieces. */
export class SseParser {
  private rest = "";

  /** The events that this piece completes. */
  push(text: string): ServerSentEvent[] {
    const blocks = (this.rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((event) => event.data !== "");
  }
}

function parseBlock(block: string): ServerSentEvent {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return { event, data: data.join("\n") };
}
