/** A paragraph of a control file: fields in lower case, and the line that it begins in. */
export interface Paragraph {
  readonly line: number;
  readonly fields: ReadonlyMap<string, string>;
}

const LONGEST_NAME = 64;

/**
 * Reads paragraphs of `Field: value` lines (deb822, the headers of mail), one after the other. Of values over several lines only the first
 * one is kept, and only fields of these names, given in lower case.
 */
export function* readParagraphs(text: string, names: ReadonlySet<string>): Generator<Paragraph> {
  let fields = new Map<string, string>();
  let begin = 1;
  let inside = false;
  for (let at = 0, line = 1; at <= text.length; line += 1) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const blank = isBlank(text, at, end);
    if (blank && inside) {
      yield { line: begin, fields };
      fields = new Map();
      inside = false;
    }
    if (!blank) {
      if (!inside) begin = line;
      inside = true;
      // What is indented goes on with the value above. Nothing is looked for beyond the line: that would be the rest of the file for each.
      const head = text.slice(at, Math.min(end, at + LONGEST_NAME));
      const colon = head.indexOf(":");
      const name = colon > 0 && head[0] !== " " && head[0] !== "\t" ? head.slice(0, colon).toLowerCase() : "";
      if (names.has(name) && !fields.has(name)) fields.set(name, text.slice(at + colon + 1, end).trim());
    }
    at = end + 1;
  }
  if (inside) yield { line: begin, fields };
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (text[at] !== " " && text[at] !== "\t" && text[at] !== "\r") return false;
  return true;
}
