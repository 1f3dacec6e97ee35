import type { DeviceRecord } from "../../store/port.js";
import { comparisonWith, holds, type Comparison } from "./compare-values.js";
import { FIELD_NAMES, deviceField, type DeviceField } from "./device-fields.js";
import { filterInvalid, type Comparator, type FilterNode, type Literal } from "./filter-syntax.js";
import { parseFilter } from "./parse-filter.js";

export type DeviceFilter = (device: DeviceRecord) => boolean;

/**
 * Which devices a filter means, such as `platform == browser* and (serving.digits < 7 or not presence in (online, sleeping))`.
 *
 * A comparison with something that the device has not got is false, and `!=` true. Times may be relative to `nowMs`.
 * Throws FILTER_INVALID with the place of the mistake: a form that cannot be read, an unknown field, or a value that the
 * field cannot have.
 */
export function deviceFilter(filter: string, nowMs: number): DeviceFilter {
  return compiled(parseFilter(filter), { filter, nowMs });
}

interface Context {
  readonly filter: string;
  readonly nowMs: number;
}

function compiled(node: FilterNode, context: Context): DeviceFilter {
  switch (node.kind) {
    case "and": {
      const terms = node.terms.map((term) => compiled(term, context));
      return (device) => terms.every((term) => term(device));
    }
    case "or": {
      const terms = node.terms.map((term) => compiled(term, context));
      return (device) => terms.some((term) => term(device));
    }
    case "not": {
      const term = compiled(node.term, context);
      return (device) => !term(device);
    }
    case "compare":
      return compare(node, context);
    case "in": {
      const field = fieldOf(node.field, context);
      const comparisons = node.values.map((value) => comparisonOf(field, value, context));
      return (device) => {
        const value = field.of(device);
        return value !== undefined && comparisons.some((comparison) => comparison(value) === 0);
      };
    }
  }
}

function compare(node: FilterNode & { readonly kind: "compare" }, context: Context): DeviceFilter {
  const field = fieldOf(node.field, context);
  const { comparator } = node;
  if (field.kind === "text" && !isEquality(comparator)) {
    const problem = `${node.field.text} is a text, and has no order; write ==, != or in`;
    throw filterInvalid(context.filter, node.field.at, problem);
  }
  const comparison = comparisonOf(field, node.value, context);
  return (device) => {
    const value = field.of(device);
    return value === undefined ? comparator === "!=" : holds(comparator, comparison(value));
  };
}

function isEquality(comparator: Comparator): boolean {
  return comparator === "==" || comparator === "!=";
}

function fieldOf({ text, at }: Literal, { filter }: Context): DeviceField {
  const field = deviceField(text);
  if (field !== undefined) return field;
  throw filterInvalid(filter, at, `devices have no field "${text}"; there are ${FIELD_NAMES.join(", ")}`);
}

function comparisonOf(field: DeviceField, value: Literal, { filter, nowMs }: Context): Comparison {
  const comparison = comparisonWith(field.kind, value, nowMs);
  if (typeof comparison === "string") throw filterInvalid(filter, value.at, comparison);
  return comparison;
}
