/** In place of a rollout's id in the address; no id has this sign. */
export const NEW_ROLLOUT = "+new";

const EDIT = "+edit:";

/** What the address says in place of the id of a rollout that is being edited. */
export function editItem(rolloutId: string): string {
  return `${EDIT}${rolloutId}`;
}

/** The id of the rollout that the address says is being edited; null when it is another page. */
export function editedRolloutId(item: string): string | null {
  return item.startsWith(EDIT) ? item.slice(EDIT.length) : null;
}
