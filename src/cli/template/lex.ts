import { fault } from "../../std/fault.ts";

/** A token inside `{{…}}`; `spaced` tells `.A .B` (two operands) from `.A.B` (one). */
export interface Token {
  readonly kind: "field" | "dot" | "variable" | "word" | "string" | "number" | "symbol" | "end";
  readonly text: string;
  readonly spaced: boolean;
}

/** A template cut into literal text and the tokens of its actions; comments are gone and trim markers done. */
export type Piece = { readonly text: string } | { readonly tokens: readonly Token[] };

/** @throws TEMPLATE_INVALID */
export function lexTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    let text = source.slice(at, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    trimNext = false;
    if (open < 0) {
      if (text !== "") pieces.push({ text });
      break;
    }
    let start = open + 2;
    if (/^-\s/.test(source.slice(start, start + 2))) {
      text = text.trimEnd();
      start += 2;
    }
    if (text !== "") pieces.push({ text });
    const comment = /\s*\/\*[\s\S]*?\*\/(\s+-)?\}\}/y;
    comment.lastIndex = start;
    const found = comment.exec(source);
    if (found) {
      trimNext = found[1] !== undefined;
      at = comment.lastIndex;
      continue;
    }
    const action = lexAction(source, start);
    pieces.push({ tokens: action.tokens });
    trimNext = action.trim;
    at = action.end;
  }
  return pieces;
}

const TOKEN = /(?<space>\s*)(?:(?<close>(?:(?<=\s)-)?\}\})|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<variable>\$[\p{L}\p{N}_]*)|(?<number>[+-]?(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?<dot>\.)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+')|(?<symbol>:=|[|(),=]))/uy;

function lexAction(source: string, start: number): { tokens: Token[]; end: number; trim: boolean } {
  const tokens: Token[] = [];
  TOKEN.lastIndex = start;
  for (;;) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (!groups) {
      const rest = source.slice(at).trimStart();
      throw fault("TEMPLATE_INVALID", { problem: rest === "" ? "unclosed action" : `unexpected ${JSON.stringify(rest[0])} in an action` });
    }
    const spaced = groups["space"] !== "" || tokens.length === 0;
    if (groups["close"] !== undefined) {
      tokens.push({ kind: "end", text: "", spaced });
      return { tokens, end: TOKEN.lastIndex, trim: groups["close"].startsWith("-") };
    }
    for (const kind of ["field", "variable", "number", "dot", "word", "string", "symbol"] as const) {
      const text = groups[kind];
      if (text !== undefined) tokens.push({ kind, text, spaced });
    }
  }
}

/** The value of a string, raw string or character constant in Go's notation. */
export function unquote(text: string): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  const escapes: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
  return text.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/g, (_match, code: string) => {
    if (/^[xuU]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
    return escapes[code] ?? code;
  });
}
