import { fault } from "../../std/fault.ts";
import type { Block, Body, Expression } from "./expression.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Blocks of a bake file that have a label. */
const LABELLED: ReadonlySet<string> = new Set(["variable", "function", "group", "target"]);

export function readLiteral(text: string): Expression {
  return { kind: "literal", value: text };
}

/**
 * A body from JSON, where a block is an object of its labels, or what converting HCL makes of several of one label: a list.
 * @param readText reads a string, which may be a template
 * @throws BAKE_SYNTAX
 */
export async function jsonBody(file: string, json: Readonly<Record<string, Json>>, readText: (text: string) => Promise<Expression>): Promise<Body> {
  const attributes = new Map<string, Expression>();
  const blocks: Block[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (!LABELLED.has(name)) {
      attributes.set(name, await readJson(value, readText));
      continue;
    }
    for (const byLabel of asList(value)) {
      if (!isObject(byLabel)) throw fault("BAKE_SYNTAX", { file, problem: `${name} has to be a block with a label` });
      for (const [label, bodies] of Object.entries(byLabel)) {
        for (const body of asList(bodies)) {
          if (!isObject(body)) throw fault("BAKE_SYNTAX", { file, problem: `${name} ${JSON.stringify(label)} has to be a block` });
          blocks.push({ type: name, label, body: await blockBody(body, readText) });
        }
      }
    }
  }
  return { attributes, blocks };
}

async function blockBody(json: Readonly<Record<string, Json>>, readText: (text: string) => Promise<Expression>): Promise<Body> {
  const attributes = new Map<string, Expression>();
  const blocks: Block[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name !== "validation") attributes.set(name, await readJson(value, readText));
    else for (const body of asList(value)) if (isObject(body)) blocks.push({ type: name, label: "", body: await blockBody(body, readText) });
  }
  return { attributes, blocks };
}

/** No value lies deeper. */
const DEPTH = 200;

/** @throws RangeError for what is nested deeper than anybody means it */
async function readJson(value: Json, readText: (text: string) => Promise<Expression>, depth = 0): Promise<Expression> {
  if (depth > DEPTH) throw new RangeError("the value is nested too deeply");
  const inner = (item: Json): Promise<Expression> => readJson(item, readText, depth + 1);
  if (typeof value === "string") return readText(value);
  if (Array.isArray(value)) return { kind: "list", items: await Promise.all((value as readonly Json[]).map(inner)) };
  if (!isObject(value)) return { kind: "literal", value: value as number | boolean | null };
  const entries = Object.entries(value).map(async ([key, item]) => [await readText(key), await inner(item)] as const);
  return { kind: "object", entries: await Promise.all(entries) };
}

function asList(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
