import { fault, isFault } from "../../std/fault.ts";
import { problem } from "../value.ts";
import { jsonBody, readLiteral, type Json } from "./json-body.ts";
import type { Block, Body, Expression } from "./expression.ts";
import { readAst, type AstNode } from "./read-ast.ts";

/** The part of @cdktn/hcl2json that is used here: HashiCorp's own parser, compiled to WebAssembly. */
interface Hcl2Json {
  parse(file: string, text: string): Promise<Readonly<Record<string, Json>>>;
  getExpressionAst(file: string, expression: string): Promise<AstNode | null>;
}

let library: Promise<Hcl2Json> | undefined;

/** Loads the parser, which takes about a quarter of a second; its own types would bring those of browsers along. */
function load(): Promise<Hcl2Json> {
  const name = "@cdktn/hcl2json";
  library ??= import(name).then((module: Hcl2Json & { readonly default?: Hcl2Json }) => module.default ?? module, (error: unknown) => {
    throw fault("BAKE_PARSER_MISSING", { package: name }, { cause: error });
  });
  return library;
}

/** Reads a file in HCL's own syntax. @throws BAKE_SYNTAX, BAKE_EXPRESSION */
export async function parseHcl(file: string, text: string): Promise<Body> {
  const { parse } = await load();
  let json;
  try {
    json = await parse(file, text);
  } catch (error) {
    throw fault("BAKE_SYNTAX", { file, problem: syntaxProblem(error) });
  }
  const body = await jsonBody(file, json, templateReader(file));
  for (const block of body.blocks) refuseQuotedType(file, block);
  return body;
}

/** In JSON a type can be written as a text only; here it is a slip, which the parser hands on as one. */
function refuseQuotedType(file: string, { type, label, body }: Block): void {
  const written = body.attributes.get("type");
  if (type !== "variable" || written?.kind !== "literal") return;
  throw fault("BAKE_SYNTAX", { file, problem: `variable ${JSON.stringify(label)}: its type is written without quotes, as type = string or type = list(string)` });
}

/** Reads a file in HCL's JSON syntax, where the strings are templates. @throws BAKE_SYNTAX, BAKE_EXPRESSION */
export async function parseHclJson(file: string, text: string): Promise<Body> {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw fault("BAKE_SYNTAX", { file, problem: (error as Error).message });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw fault("BAKE_SYNTAX", { file, problem: "an object is expected" });
  return jsonBody(file, json as Readonly<Record<string, Json>>, templateReader(file));
}

/** Turns texts with `${}` or `%{}` into expressions; others need no parser. */
function templateReader(file: string): (text: string) => Promise<Expression> {
  return async (text) => {
    if (!/[$%]\{/.test(text)) return readLiteral(text);
    // A heredoc takes every text as it is; its last line end is not part of it.
    let marker = "END";
    while (text.includes(marker)) marker += "_";
    const source = `<<${marker}\n${text}\n${marker}\n`;
    try {
      const node = await (await load()).getExpressionAst(file, source);
      return withoutLastLineEnd(node ? readAst(node, Buffer.from(source)) : problem("it is empty"));
    } catch (error) {
      if (isFault(error)) throw error;
      throw fault("BAKE_SYNTAX", { file, problem: `${syntaxProblem(error)} in ${JSON.stringify(text)}` });
    }
  };
}

function withoutLastLineEnd(expression: Expression): Expression {
  if (expression.kind !== "template") return expression;
  const last = expression.parts.at(-1);
  if (last?.kind !== "literal" || typeof last.value !== "string" || !last.value.endsWith("\n")) return expression;
  const value = last.value.slice(0, -1);
  return { kind: "template", parts: [...expression.parts.slice(0, -1), ...(value === "" && expression.parts.length > 1 ? [] : [{ kind: "literal", value } as const])] };
}

function syntaxProblem(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const inner = /\[(.*)\]/s.exec(text)?.[1] ?? text;
  return inner.replace(/\s+/g, " ").trim();
}
