import type { Operator } from "./operator.js";

/** Known here for the shapes that exporters compute; lookups of trained tables have no gradient rule. */
export const gather: Operator = {
  type: "Gather",
  unchangedSince: 1,

  infer(context) {
    const type = context.type(0);
    const indices = context.shape(1);
    if (type?.shape === undefined || indices === undefined) return [type && { ...type, shape: undefined }];
    const axis = context.axis(context.int("axis", 0), type.shape.length);
    return [{ ...type, shape: [...type.shape.slice(0, axis), ...indices, ...type.shape.slice(axis + 1)] }];
  },

  contents(context) {
    const dims = context.contents(0);
    const indices = context.contents(1);
    const picked = indices?.map((index) => (typeof index === "number" ? dims?.at(index) : undefined));
    return picked?.every((dim) => dim !== undefined) === true ? picked : undefined;
  },
};
