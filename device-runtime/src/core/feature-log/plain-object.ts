/** Whether an object is of no class and inherits no fields; not a list, a map or a date. */
export function hasPlainPrototype(given: unknown): given is object {
  if (typeof given !== "object" || given === null) return false;
  const prototype = (Object.getPrototypeOf(given) ?? Object.prototype) as object;
  // Another frame's objects have another Object.prototype than this one's.
  return Object.hasOwn(prototype, "isPrototypeOf");
}

/** Whether all that an object says is in fields of its own that a copy of it has, too; their names are texts. */
export function isPlainObject(given: unknown): given is object {
  return hasPlainPrototype(given) && Reflect.ownKeys(given).length === Object.keys(given).length;
}
