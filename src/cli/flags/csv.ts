import { fault } from "../../std/fault.ts";

const KEPT_BACK = "access_key_id|secret_access_key|session_token";

/**
 * The `key=value,key=value` of -o, read as one line of CSV like Docker does: a field in double quotes may contain
 * commas. A field without `=` gets the value "".
 */
export function csvFields(text: string, shown: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text, shown)) {
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (key === "") throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(withoutKeys(text))} for ${shown}: an empty field` });
    fields.set(key, equals < 0 ? "" : field.slice(equals + 1));
  }
  return fields;
}

/** Such a text for messages: without the values that nobody should see, and without logins in addresses. */
export function withoutKeys(text: string): string {
  return text
    .replace(new RegExp(`"(\\s*(?:${KEPT_BACK})\\s*=)(?:[^"]|"")*(?:"|$)`, "gi"), '"$1…"')
    .replace(new RegExp(`(^|,)(\\s*(?:${KEPT_BACK})\\s*=)[^,]*`, "gi"), "$1$2…")
    .replace(/\/\/[^/,]*@/g, "//…@");
}

function splitCsv(text: string, shown: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text[at] === '"') {
      const match = /"((?:[^"]|"")*)"(?=,|$)/y;
      match.lastIndex = at;
      const found = match.exec(text);
      if (!found) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(withoutKeys(text))} for ${shown}: a quote is not closed` });
      fields.push(found[1]!.replaceAll('""', '"'));
      at = match.lastIndex + 1;
    } else {
      const comma = text.indexOf(",", at);
      const end = comma < 0 ? text.length : comma;
      fields.push(text.slice(at, end));
      at = end + 1;
    }
  }
  return fields;
}
