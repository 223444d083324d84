import { fault } from "../../std/fault.ts";

/**
 * The `key=value,key=value` of -o, read as one line of CSV like Docker does: a field in double quotes may contain
 * commas. A field without `=` gets the value "".
 */
export function csvFields(text: string, shown: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text, shown)) {
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (key === "") throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}: an empty field` });
    fields.set(key, equals < 0 ? "" : field.slice(equals + 1));
  }
  return fields;
}

function splitCsv(text: string, shown: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text[at] === '"') {
      const match = /"((?:[^"]|"")*)"(?=,|$)/y;
      match.lastIndex = at;
      const found = match.exec(text);
      if (!found) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}: a quote is not closed` });
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
