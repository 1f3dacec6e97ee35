/** In place of a rollout's id in the address; no id has this sign. */
export const NEW_ROLLOUT = "+new";
