import { problem, type Value } from "../value.ts";
import type { Expression, Step } from "./expression.ts";

/** A node as @cdktn/hcl2json gives it. Literals are text of the source: escapes are still in them. */
export interface AstNode {
  readonly type: string;
  readonly children: readonly AstNode[] | null;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly range: { readonly start: { readonly byte: number }; readonly end: { readonly byte: number } };
}

const BINARY: Readonly<Record<string, string>> = {
  add: "+", subtract: "-", multiply: "*", divide: "/", modulo: "%", equal: "==", notEqual: "!=", greaterThan: ">", greaterThanOrEqual: ">=",
  lessThan: "<", lessThanOrEqual: "<=", logicalAnd: "&&", logicalOr: "||",
};
const UNARY: Readonly<Record<string, string>> = { negate: "-", logicalNot: "!" };

/**
 * The library's tree of one expression as ours.
 * @param source the text that the tree was made of; names of object keys are read from it
 * @throws BAKE_EXPRESSION for what the library does not tell enough about
 */
export function readAst(node: AstNode, source: Uint8Array, quoted = false): Expression {
  const read = (child: AstNode | undefined, isQuoted = false): Expression => (child ? readAst(child, source, isQuoted) : unreadable(node));
  const children = node.children ?? [];
  const text = (name: string): string => String(node.meta?.[name] ?? "");
  switch (node.type) {
    case "literalValue": return { kind: "literal", value: literal(text("type"), text("value"), quoted) };
    case "template":
    case "templateWrap": return readTemplate(node, source, quoted);
    case "templateJoin": return { kind: "join", of: read(children[0], quoted) };
    case "tuple": return { kind: "list", items: children.map((child) => read(child)) };
    case "object": return { kind: "object", entries: readEntries(children, source) };
    case "scopeTraversal": {
      const [root, ...path] = steps(node);
      return typeof root === "string" ? { kind: "variable", name: root, path } : unreadable(node);
    }
    case "relativeTraversal": return { kind: "access", of: read(children[0]), path: steps(node) };
    case "index": return { kind: "index", of: read(children[0]), key: read(children[1]) };
    case "splat": return { kind: "splat", of: read(children[0]), each: read(children[1]) };
    case "conditional": return { kind: "conditional", condition: read(children[0]), yes: read(children[1], quoted), no: read(children[2], quoted) };
    case "unaryOp": return { kind: "unary", operator: UNARY[text("operator")] ?? unreadable(node), operand: read(children[0]) };
    case "binaryOp": return { kind: "binary", operator: BINARY[text("operator")] ?? unreadable(node), left: read(children[0]), right: read(children[1]) };
    case "function": return { kind: "call", name: text("name"), args: children.map((child) => read(child)), spread: node.meta?.["expandedFinalArgument"] === true };
    case "for": return readFor(node, source, quoted);
    // What the library has no word for: parentheses, and the item of a splat.
    case "": return children.length === 0 ? { kind: "item" } : read(children[0], quoted);
    default: return unreadable(node);
  }
}

function readTemplate(node: AstNode, source: Uint8Array, outer: boolean): Expression {
  const written = String(node.meta?.["value"] ?? "");
  const isQuoted = written.startsWith('"') ? true : written.startsWith("<<") ? false : outer;
  if (/^<<-/.test(written)) problem("an indented heredoc (<<-) inside an expression is not supported: write it as an attribute of its own");
  if (/[$%]\{~|~\}/.test(written)) problem("the markers ~ of templates are not supported inside an expression");
  return { kind: "template", parts: (node.children ?? []).map((child) => readAst(child, source, isQuoted)) };
}

function readFor(node: AstNode, source: Uint8Array, quoted: boolean): Expression {
  const meta = node.meta ?? {};
  const rest = [...(node.children ?? [])];
  const next = (isQuoted = false): Expression => {
    const child = rest.shift();
    return child ? readAst(child, source, isQuoted) : unreadable(node);
  };
  const collection = next();
  const key = meta["closeRangeValue"] === "}" ? next() : undefined;
  const value = next(quoted);
  const condition = meta["conditionalExpression"] ? next() : undefined;
  return {
    kind: "for", keyName: String(meta["keyVar"] ?? "") || undefined, valueName: String(meta["valVar"] ?? ""),
    collection, key, value, condition, grouped: meta["groupedValue"] === true,
  };
}

function readEntries(children: readonly AstNode[], source: Uint8Array): (readonly [Expression, Expression])[] {
  const entries: (readonly [Expression, Expression])[] = [];
  for (let at = 0; at + 1 < children.length; at += 2) {
    const [key, value] = [children[at]!, children[at + 1]!];
    const { start, end } = key.range;
    const name: Expression = (key.children ?? []).length > 0
      ? readAst(key, source)
      : { kind: "literal", value: Buffer.from(source.subarray(start.byte, end.byte)).toString() };
    entries.push([name, readAst(value, source)]);
  }
  return entries;
}

function steps(node: AstNode): Step[] {
  const traversal = (node.meta?.["traversal"] ?? []) as readonly { readonly type: string; readonly segment: string }[];
  return traversal.map(({ type, segment }) => {
    if (type === "nameTraversal") return segment;
    return segment.startsWith('"') ? segment.slice(1, -1) : Number(segment);
  });
}

function literal(type: string, text: string, quoted: boolean): Value {
  if (type === "number") return Number(text);
  if (type === "bool") return text === "true";
  if (type !== "string") return null;
  return unescape(text, quoted);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

/** `$${` and `%%{` stand for themselves everywhere, backslashes mean something in quotes only. */
function unescape(text: string, quoted: boolean): string {
  const plain = text.replace(/\$\$\{/g, "${").replace(/%%\{/g, "%{");
  if (!quoted) return plain;
  return plain.replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|([nrt"\\]))/gi, (_, short: string | undefined, long: string | undefined, letter: string) =>
    short ?? long ? String.fromCodePoint(Number.parseInt((short ?? long)!, 16)) : ESCAPES[letter]!);
}

function unreadable(node: AstNode): never {
  return problem(`the expression ${String(node.meta?.["value"] ?? node.type)} cannot be read`);
}
