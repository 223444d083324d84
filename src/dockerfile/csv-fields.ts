import { fault } from "../std/fault.ts";

/**
 * Splits one line of comma-separated values, as --mount and --device have: a field in double quotes may
 * contain commas, and `""` for a quote. Columns in messages count bytes.
 * @throws DOCKERFILE_FLAG with Go's texts (encoding/csv); `what` names the flag's values
 */
export function csvFields(text: string, what: string): string[] {
  const refuse = (position: number, problem: string): Error => {
    const column = new TextEncoder().encode(text.slice(0, position)).length + 1;
    return fault("DOCKERFILE_FLAG", { problem: `failed to parse csv ${what}: parse error on line 1, column ${column}: ${problem}` });
  };
  if (text === "") throw fault("DOCKERFILE_FLAG", { problem: `failed to parse csv ${what}: EOF` });
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const comma = text.indexOf(",", at);
      const field = text.slice(at, comma < 0 ? text.length : comma);
      if (field.includes('"')) throw refuse(at + field.indexOf('"'), 'bare " in non-quoted-field');
      fields.push(field);
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    let field = "";
    at += 1;
    for (;;) {
      const quote = text.indexOf('"', at);
      if (quote < 0) throw refuse(at, 'extraneous or missing " in quoted-field');
      field += text.slice(at, quote);
      at = quote + 1;
      if (text[at] !== '"') break;
      field += '"';
      at += 1;
    }
    fields.push(field);
    if (at === text.length) return fields;
    if (text[at] !== ",") throw refuse(at - 1, 'extraneous or missing " in quoted-field');
    at += 1;
  }
}
