import { describe, expect, test } from "vitest";
import type { ProfiledModel } from "../../drift/profiles/feature-drafts.js";
import type { TrainingBatch } from "../../drift/profiles/training-data.js";
import { planColumns, type ColumnChoices } from "./column-plan.js";
import { openCsv, type ByteSource } from "./csv-table.js";
import { openJsonLines } from "./json-lines-table.js";
import { tableData } from "./table-data.js";
import type { Cell, Table } from "./table.js";

const bytesOf = (text: string | Uint8Array): ByteSource =>
  async function* bytes() {
    yield await Promise.resolve(Buffer.from(text));
  };

async function cells(table: Table): Promise<(readonly Cell[])[]> {
  const all: (readonly Cell[])[] = [];
  for await (const rows of table.rows()) all.push(...rows);
  return all;
}

describe("a CSV table", () => {
  test("has numbers, truth values and texts by what a whole column holds", async () => {
    const table = await openCsv(
      bytesOf("n,b,zip,x\n1,true,01,\n-2.5e3,false,A2,NA\n.5,,3,NaN\n-inf,TRUE,4,\n"),
    );

    expect(table.columns).toEqual(["n", "b", "zip", "x"]);
    expect(await cells(table)).toEqual([
      [1, true, "01", null],
      [-2500, false, "A2", null],
      [0.5, null, "3", null],
      [Number.NEGATIVE_INFINITY, true, "4", null],
    ]);
  });

  test("of numbers keeps the few texts among them, which have the wrong type", async () => {
    const lines = Array.from({ length: 39 }, (_, at) => `${at},${at}\n`).join("");

    expect((await cells(await openCsv(bytesOf(`a,b\n${lines}x,y\n`)))).at(-1)).toEqual(["x", "y"]);
    expect((await cells(await openCsv(bytesOf(`a,b\n${lines}x,y\n`))))[1]).toEqual([1, 1]);
  });

  test.each([
    ["", "no line that names"],
    ["a,a\n1,2\n", '"a" does not'],
    ["a,\n1,2\n", "name each column"],
    ["a,b\n1\n", "has 1 fields where the first line names 2 columns"],
  ])("%j is refused", async (text, words) => {
    await expect(openCsv(bytesOf(text))).rejects.toThrow(words);
  });
});

describe("a table of JSON lines", () => {
  test("has every name of any line, lists in one row, and what Python writes for missing numbers", async () => {
    const table = await openJsonLines(bytesOf('{"a":1,"x":[[1,2],[3,null]]}\n\n{"b":"s","x":[NaN,2]}\n'));

    expect(table.columns).toEqual(["a", "x", "b"]);
    expect(await cells(table)).toEqual([
      [1, [1, 2, 3, Number.NaN], null],
      [null, [Number.NaN, 2], "s"],
    ]);
  });

  test.each([
    ['{"a":1}\n[1]\n', "line 2 of the data: it is no object"],
    ['{"a":\n', "line 1 of the data: it is no JSON"],
    ['{"a":{"b":1}}\n', '"a" is neither'],
    ['{"a":["x"]}\n', 'the list "a" holds what is no number'],
    [Buffer.from('{"a":1}\n{"a":"M\u{e9}"}', "latin1"), "line 2 of the data: the text is not UTF-8"],
  ])("%j is refused", async (text, words) => {
    const reading = openJsonLines(bytesOf(text)).then(cells);

    await expect(reading).rejects.toMatchObject({
      code: "DATA_CORRUPT",
      message: expect.stringContaining(words) as unknown,
    });
  });
});

const model: ProfiledModel = {
  inputs: [{ name: "x", elementType: "float32", shape: [null, 2] }],
  outputs: [],
  target: { name: "y", elementType: "int64", shape: [null] },
};
const choices: ColumnChoices = { fields: [], leaveOut: [] };

describe("the columns of a model's input", () => {
  test.each<[string, readonly string[], Partial<ColumnChoices>, readonly number[]]>([
    ["that has its name", ["z", "x"], {}, [1]],
    ["named with brackets", ["x[1]", "x[0]", "z"], {}, [1, 0]],
    ["named with underscores", ["x_0", "x_1", "z"], {}, [0, 1]],
    ["are all that is left beside the label", ["a", "y", "b"], {}, [0, 2]],
    [
      "are all that is left beside fields and what is left out",
      ["a", "f", "b", "i"],
      { fields: ["f"], leaveOut: ["i"] },
      [0, 2],
    ],
  ])("%s", (_, columns, more, expected) => {
    expect(planColumns(columns, model, { ...choices, ...more }).inputs[0]?.columns).toEqual(expected);
  });

  test("leave the label and the rest as fields", () => {
    const plan = planColumns(["x", "mood", "y", "id"], model, { ...choices, leaveOut: ["id"] });

    expect([plan.label, plan.fields]).toEqual([2, [1]]);
  });

  test("that cannot be told are asked for", () => {
    expect(() => planColumns(["a", "b", "c"], model, choices)).toThrow(
      "takes 2 numbers a row, and 3 columns are left",
    );
    expect(() => planColumns(["x"], model, { ...choices, label: "q" })).toThrow('no column "q"; they have x');
  });
});

describe("rows as tensors", () => {
  async function batches(text: string, of: ProfiledModel = model, size = 256): Promise<TrainingBatch[]> {
    const table = await openJsonLines(bytesOf(text));
    const all: TrainingBatch[] = [];
    for await (const batch of tableData(table, planColumns(table.columns, of, choices), size)())
      all.push(batch);
    return all;
  }

  test("are of the model's kind, with label and fields beside them", async () => {
    const all = await batches('{"x":[1,2],"y":1,"mood":"good"}\n{"x":[3,null],"y":0}\n');

    expect(all).toEqual([
      {
        numRows: 2,
        inputs: { x: { shape: [2, 2], data: Float32Array.of(1, 2, 3, Number.NaN) } },
        label: { shape: [2, 1], data: Float64Array.of(1, 0) },
        fields: [{ mood: "good" }, { mood: null }],
      },
    ]);
  });

  test("of tokens are given together while they are as long", async () => {
    const tokens: ProfiledModel = {
      inputs: [{ name: "t", elementType: "int64", shape: [null, null] }],
      outputs: [],
    };
    const all = await batches('{"t":[1,2]}\n{"t":[3,4]}\n{"t":[5]}\n{"t":[6]}\n', tokens, 2);

    expect(all.map(({ inputs }) => [inputs.t?.shape, [...(inputs.t?.data ?? [])].map(Number)])).toEqual([
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
      [
        [2, 1],
        [5, 6],
      ],
    ]);
  });

  test.each([
    ['{"x":[1,2,3],"y":0}\n', "rows of 3 numbers"],
    ['{"x":"a","y":0}\n', '"x" is "a", and the model takes numbers'],
  ])("%j is refused", async (text, words) => {
    await expect(batches(text)).rejects.toThrow(words);
  });
});
