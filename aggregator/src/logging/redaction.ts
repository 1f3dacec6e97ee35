const JWT = /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;
/** base64url of 32 bytes or more: keys, secrets, signatures. Device ids have 22 characters, hashes are hexadecimal. */
const KEY = /(?<![A-Za-z0-9_/-])(?![0-9a-f]{64}(?![A-Za-z0-9_-]))[A-Za-z0-9_-]{43,}(?![A-Za-z0-9_/-])/g;
const IPV4 = /(?<![\d.])(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g;
const IPV6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?:%\w+)?(?![\w:.])/gi;
const URL_USER = /(?<=[a-z]:\/\/)[^\s/@]+@/g;

/** The text without what looks like a token, a key, a password in a url, or a network address. */
export function redactText(text: string): string {
  return text
    .replace(JWT, "[token]")
    .replace(URL_USER, "[user]@")
    .replace(KEY, "[key]")
    .replace(IPV4, "[address]")
    .replace(IPV6, "[address]");
}
