import type { DeviceRecord } from "../../store/port.js";
import { comparisonWith, holds, type Comparison } from "./compare-values.js";
import { FIELD_NAMES, GROUP_FIELD, deviceField, type DeviceField } from "./device-fields.js";
import { filterInvalid, type Comparator, type FilterNode, type Literal } from "./filter-syntax.js";
import { parseFilter } from "./parse-filter.js";

export type DeviceFilter = (device: DeviceRecord) => boolean;

/**
 * Which devices a filter means, such as `platform == browser* and (serving.digits < 7 or not presence in (online, sleeping))`.
 *
 * A comparison with something that the device has not got is false, and `!=` true. Of several tags one is enough for `==`,
 * and `!=` wants none of them. `group == NAME` means whoever matches the saved filter of that name. Times may be relative
 * to `nowMs`.
 * Throws FILTER_INVALID with the place of the mistake: a form that cannot be read, an unknown field, or a value that the
 * field cannot have.
 */
export function deviceFilter(filter: string, nowMs: number, groups: DeviceGroups = NO_GROUPS): DeviceFilter {
  return compiled(parseFilter(filter), { filter, nowMs, groups });
}

/** Saved filters by their names. */
export type DeviceGroups = ReadonlyMap<string, string>;

const NO_GROUPS: DeviceGroups = new Map();

interface Context {
  readonly filter: string;
  readonly nowMs: number;
  readonly groups: DeviceGroups;
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
      if (node.field.text === GROUP_FIELD) {
        const members = node.values.map((value) => groupMembers(value, context));
        return (device) => members.some((isMember) => isMember(device));
      }
      const field = fieldOf(node.field, context);
      const comparisons = node.values.map((value) => comparisonOf(field, value, context));
      return (device) => {
        const values = valuesOf(field, device);
        return values.some((value) => comparisons.some((comparison) => comparison(value) === 0));
      };
    }
  }
}

function compare(node: FilterNode & { readonly kind: "compare" }, context: Context): DeviceFilter {
  const { comparator } = node;
  if (node.field.text === GROUP_FIELD && isEquality(comparator)) {
    const isMember = groupMembers(node.value, context);
    return (device) => isMember(device) === (comparator === "==");
  }
  const field = fieldOf(node.field, context);
  if (field.kind === "text" && !isEquality(comparator)) {
    const problem = `${node.field.text} is a text, and has no order; write ==, != or in`;
    throw filterInvalid(context.filter, node.field.at, problem);
  }
  const comparison = comparisonOf(field, node.value, context);
  return (device) => {
    const values = valuesOf(field, device);
    if (comparator === "!=") return values.every((value) => holds(comparator, comparison(value)));
    return values.some((value) => holds(comparator, comparison(value)));
  };
}

function valuesOf(field: DeviceField, device: DeviceRecord): readonly (string | number)[] {
  const value = field.of(device);
  if (value === undefined) return [];
  return typeof value === "object" ? value : [value];
}

/** A group's filter may name other groups, not itself. */
function groupMembers({ text, at }: Literal, { filter, nowMs, groups }: Context): DeviceFilter {
  const saved = groups.get(text);
  if (saved === undefined) {
    const names = [...groups.keys()].join(", ") || "none";
    throw filterInvalid(filter, at, `there is no group "${text}"; saved are ${names}`);
  }
  const others = new Map([...groups].filter(([name]) => name !== text));
  return deviceFilter(saved, nowMs, others);
}

/** Only for its kind: a group is compared before its value is asked for. */
const GROUP: DeviceField = { kind: "text", of: () => undefined };

function isEquality(comparator: Comparator): boolean {
  return comparator === "==" || comparator === "!=";
}

function fieldOf({ text, at }: Literal, { filter }: Context): DeviceField {
  const field = text === GROUP_FIELD ? GROUP : deviceField(text);
  if (field !== undefined) return field;
  throw filterInvalid(filter, at, `devices have no field "${text}"; there are ${FIELD_NAMES.join(", ")}`);
}

function comparisonOf(field: DeviceField, value: Literal, { filter, nowMs }: Context): Comparison {
  const comparison = comparisonWith(field.kind, value, nowMs);
  if (typeof comparison === "string") throw filterInvalid(filter, value.at, comparison);
  return comparison;
}
