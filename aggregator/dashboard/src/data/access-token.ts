const KEY = "fedge-admin-token";

/**
 * A token that stands for an account or for the machine: from the address (`#token=…`, which is removed from it at
 * once) or from earlier in this tab.
 */
export function readToken(): string | null {
  const match = /^#token=([A-Za-z0-9._~-]+)$/.exec(window.location.hash);
  if (match?.[1] !== undefined) {
    storeToken(match[1]);
    window.history.replaceState(null, "", window.location.pathname);
  }
  return window.sessionStorage.getItem(KEY);
}

export function storeToken(token: string): void {
  window.sessionStorage.setItem(KEY, token);
}

export function clearToken(): void {
  window.sessionStorage.removeItem(KEY);
}
