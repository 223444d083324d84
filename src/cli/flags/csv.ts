import { fault } from "../../std/fault.ts";

/** From the name of a value that nobody should see, also as others write it or with a slip: `secret-access-key`, `AWS_SESSION_TOKEN`. */
const KEPT_BACK = /((?:key|secret|token|password)[^=]{0,100}=).*/is;
/** What is between commas; also where a quote begins too late, or ends never, what it seems to hold. */
const FIELD = /(?:"(?:[^"]|"")*(?:"|$)|[^,"])+/g;

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
  return text.replace(FIELD, (field) => withoutLogin(field.replace(KEPT_BACK, "$1…")));
}

/** A login may hold the signs that end one. */
function withoutLogin(field: string): string {
  const [start, end] = [field.indexOf("//"), field.lastIndexOf("@")];
  return start < 0 || end < start + 2 ? field : `${field.slice(0, start)}//…@${field.slice(end + 1)}`;
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
