import { fault } from "../../std/fault.ts";
import { functionNames } from "./functions.ts";
import { lexTemplate, unquote, type Piece, type Token } from "./lex.ts";
import type { Node, Operand, Pipe } from "./node.ts";

/**
 * Parses a Go template (https://pkg.go.dev/text/template), without define, template and block.
 * @throws TEMPLATE_INVALID
 */
export function parseTemplate(source: string): readonly Node[] {
  const reader = new PieceReader(lexTemplate(source));
  const nodes = parseList(reader, false);
  if (reader.closing) throw invalid(`unexpected {{${reader.closing.word}}}`);
  return nodes;
}

function invalid(problem: string): Error {
  return fault("TEMPLATE_INVALID", { problem });
}

class PieceReader {
  readonly #pieces: readonly Piece[];
  #at = 0;
  /** The {{end}} or {{else …}} that ended the list read last. */
  closing: { word: "end" | "else"; rest: TokenReader } | undefined;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  next(): Piece | undefined {
    return this.#pieces[this.#at++];
  }
}

class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  /** Takes the token if it is that symbol or word. */
  accept(kind: Token["kind"], text: string): boolean {
    const token = this.peek();
    if (token.kind !== kind || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  finish(where: string): void {
    const token = this.peek();
    if (token.kind !== "end") throw invalid(`unexpected ${JSON.stringify(token.text)} in ${where}`);
  }
}

function parseList(reader: PieceReader, inLoop: boolean): Node[] {
  const nodes: Node[] = [];
  reader.closing = undefined;
  for (let piece = reader.next(); piece; piece = reader.next()) {
    if ("text" in piece) {
      nodes.push({ kind: "text", text: piece.text });
      continue;
    }
    const tokens = new TokenReader(piece.tokens);
    const { kind, text } = tokens.peek();
    const keyword = kind === "word" ? text : "";
    if (keyword === "end" || keyword === "else") {
      tokens.take();
      reader.closing = { word: keyword, rest: tokens };
      return nodes;
    }
    if (keyword === "if" || keyword === "with" || keyword === "range") {
      tokens.take();
      nodes.push(parseBlock(keyword, tokens, reader, inLoop || keyword === "range"));
    } else if (keyword === "break" || keyword === "continue") {
      tokens.take();
      tokens.finish(`{{${keyword}}}`);
      if (!inLoop) throw invalid(`{{${keyword}}} outside {{range}}`);
      nodes.push({ kind: keyword });
    } else if (keyword === "define" || keyword === "template" || keyword === "block") {
      throw invalid(`{{${keyword}}} is not supported`);
    } else {
      const pipe = parsePipe(tokens, "a command");
      tokens.finish("a command");
      nodes.push({ kind: "action", pipe });
    }
  }
  return nodes;
}

function parseBlock(kind: "if" | "with" | "range", tokens: TokenReader, reader: PieceReader, inLoop: boolean): Node {
  const pipe = parsePipe(tokens, kind);
  tokens.finish(kind);
  const body = parseList(reader, inLoop);
  let otherwise: Node[] = [];
  const closing = reader.closing;
  if (closing?.word === "else") {
    if (kind !== "range" && closing.rest.accept("word", kind)) {
      // {{else if …}} is an if inside the else that shares its {{end}}.
      otherwise = [parseBlock(kind, closing.rest, reader, inLoop)];
      return { kind, pipe, body, otherwise };
    }
    closing.rest.finish("else");
    otherwise = parseList(reader, inLoop);
  }
  const end = reader.closing;
  if (end?.word !== "end") throw invalid(`{{${kind}}} without {{end}}`);
  end.rest.finish("end");
  reader.closing = undefined;
  return { kind, pipe, body, otherwise };
}

function parsePipe(tokens: TokenReader, where: string): Pipe {
  const variables: string[] = [];
  let assigns = false;
  if (tokens.peek().kind === "variable") {
    const next = tokens.peek(1);
    const far = tokens.peek(3);
    const isTarget = (token: Token): boolean => token.kind === "symbol" && (token.text === ":=" || token.text === "=");
    if (isTarget(next) || (where === "range" && next.text === "," && isTarget(far))) {
      variables.push(tokens.take().text);
      if (tokens.accept("symbol", ",")) variables.push(tokens.take().text);
      assigns = tokens.take().text === "=";
    }
  }
  const commands: Operand[][] = [];
  do {
    const operands = parseCommand(tokens);
    if (operands.length === 0) throw invalid(`missing value for ${where}`);
    commands.push(operands);
  } while (tokens.accept("symbol", "|"));
  for (const [first] of commands.slice(1)) {
    if (first!.kind === "value") throw invalid("a constant cannot stand behind |");
  }
  return { variables, assigns, commands };
}

function parseCommand(tokens: TokenReader): Operand[] {
  const operands: Operand[] = [];
  for (;;) {
    const operand = parseOperand(tokens);
    if (!operand) return operands;
    operands.push(operand);
  }
}

function parseOperand(tokens: TokenReader): Operand | undefined {
  const token = tokens.peek();
  switch (token.kind) {
    case "dot":
      tokens.take();
      return { kind: "path", from: ".", fields: [] };
    case "field":
      return { kind: "path", from: ".", fields: [tokens.take().text.slice(1), ...parseFields(tokens)] };
    case "variable":
      tokens.take();
      return { kind: "path", from: { variable: token.text }, fields: parseFields(tokens) };
    case "string":
      tokens.take();
      if (token.text.startsWith("'")) return { kind: "value", value: unquote(token.text).codePointAt(0) };
      return { kind: "value", value: unquote(token.text) };
    case "number":
      tokens.take();
      return { kind: "value", value: Number(token.text.replaceAll("_", "")) };
    case "word":
      tokens.take();
      if (token.text === "true" || token.text === "false") return { kind: "value", value: token.text === "true" };
      if (token.text === "nil") return { kind: "value", value: null };
      if (!functionNames.has(token.text)) throw invalid(`function ${JSON.stringify(token.text)} not defined`);
      return { kind: "function", name: token.text };
    case "symbol": {
      if (token.text !== "(") return undefined;
      tokens.take();
      const pipe = parsePipe(tokens, "parenthesized pipeline");
      if (!tokens.accept("symbol", ")")) throw invalid("unclosed left parenthesis");
      return { kind: "path", from: pipe, fields: parseFields(tokens) };
    }
    case "end":
      return undefined;
  }
}

function parseFields(tokens: TokenReader): string[] {
  const fields: string[] = [];
  while (tokens.peek().kind === "field" && !tokens.peek().spaced) fields.push(tokens.take().text.slice(1));
  return fields;
}
