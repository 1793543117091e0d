// What makes the pages quicker to use; every one of them works without it, but for signing in.
import { passkeys } from "/static/passkeys.js";
import { graphs } from "/static/graph.js";
import { keys } from "/static/keys.js";
import { drafts } from "/static/drafts.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`zone=${encodeURIComponent(zone)}`)) {
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
}
passkeys();
graphs();
keys();
drafts();
