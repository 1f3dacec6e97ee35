import { expect, test } from "vitest";
import { SseParser } from "./sse-parser.js";

test("an event that arrives byte by byte comes out once, when it is complete", () => {
  const parser = new SseParser();
  const text = 'event: overview\ndata: {"a":1}\n\n';

  const events = [...text].map((character) => parser.push(character));

  expect(events.slice(0, -1).flat()).toEqual([]);
  expect(events.at(-1)).toEqual([{ event: "overview", data: '{"a":1}' }]);
});

test("several events in one piece come out in order", () => {
  const events = new SseParser().push("event: a\ndata: 1\n\nevent: b\ndata: 2\n\nevent: c");

  expect(events).toEqual([
    { event: "a", data: "1" },
    { event: "b", data: "2" },
  ]);
});

// The stream of the example in WHATWG HTML, section 9.2.6: a comment, data without a space, two data lines.
test("comments are passed over, data lines join, and the space after the colon is optional", () => {
  const events = new SseParser().push(": test stream\n\ndata:first\n\ndata: second\ndata: third\n\n");

  expect(events).toEqual([
    { event: "message", data: "first" },
    { event: "message", data: "second\nthird" },
  ]);
});

test("carriage returns belong to the line ends", () => {
  expect(new SseParser().push("event: a\r\ndata: 1\r\n\r\n")).toEqual([{ event: "a", data: "1" }]);
});
