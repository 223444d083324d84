import { csvFields } from "../dockerfile/csv-fields.ts";
import { evaluate, type Scope } from "./hcl/evaluate.ts";
import type { Block, Expression } from "./hcl/expression.ts";
import { readType } from "./type-constraint.ts";
import { problem, toNumber, toText, typeName, type Value } from "./value.ts";
import { named, ofType, readSwitch, typeText } from "./value-type.ts";

/** Where values of variables come from, before the file's own defaults: `--var`, then the environment. */
export type Lookup = (name: string) => string | undefined;

/** A `variable` block. */
export interface Variable {
  readonly name: string;
  readonly description: string;
  /** As it is written: `string`, `list(string)`. */
  readonly type: string;
  readonly default: Expression | undefined;
  readonly validations: readonly Block[];
}

export function readVariable({ label, body }: Block, scope: Scope): Variable {
  const text = (name: string): string => { const found = body.attributes.get(name); return found ? toText(evaluate(found, scope)) : ""; };
  const type = body.attributes.get("type");
  for (const name of body.attributes.keys()) {
    if (!["default", "description", "type"].includes(name)) problem(`variable ${JSON.stringify(label)}: an argument named ${JSON.stringify(name)} is not expected here`);
  }
  if (type !== undefined) readType(typeText(type));
  return {
    name: label, description: text("description"), type: type === undefined ? "" : typeText(type), default: body.attributes.get("default"),
    validations: body.blocks.filter(({ type: kind }) => kind === "validation"),
  };
}

/**
 * The value of a variable: what was given from outside, read as its type says or as its default looks, else the default.
 * @throws BAKE_EXPRESSION
 */
export function variableValue({ name, type, default: written }: Variable, lookup: Lookup, isVariable: (name: string) => boolean, scope: Scope): Value {
  const json = isVariable(`${name}_JSON`) ? undefined : lookup(`${name}_JSON`);
  const given = lookup(name);
  const inside = (value: Value): Value => (type === "" || type === "any" ? value : ofType(name, type, value));
  if (json !== undefined && (type !== "" || given === undefined)) return inside(readJson(name, json));
  const preset = written === undefined ? undefined : inside(evaluate(written, scope));
  if (given === undefined) return preset !== undefined ? preset : type === "" ? "" : null;
  if (type === "string" || (type === "" && (preset === undefined || preset === null || typeof preset === "string"))) return given;
  if (type === "number" || (type === "" && typeof preset === "number")) return named(name, "number", () => toNumber(given));
  if (type === "bool" || (type === "" && typeof preset === "boolean")) return named(name, "bool", () => readSwitch(given));
  const element = /^(?:list|set)\((string|number|bool)\)$/.exec(type)?.[1];
  if (element !== undefined) return ofType(name, type, (given === "" ? [] : csvFields(given, name)).map((item) => fromText(name, element, item)));
  const items = /^tuple\(\[((?:string|number|bool)(?:, (?:string|number|bool))*)\]\)$/.exec(type)?.[1]!.split(", ");
  if (items !== undefined) {
    const fields = csvFields(given, name);
    if (fields.length !== items.length) problem(`failed to parse ${name} as ${type}: ${items.length} values are required, not ${fields.length}`);
    return fields.map((field, index) => fromText(name, items[index]!, field));
  }
  const values = /^map\((string|number|bool)\)$/.exec(type)?.[1];
  if (values !== undefined) return Object.fromEntries(csvFields(given, name).map((field) => {
    const [key = "", value, ...more] = field.split(":");
    if (value === undefined || more.length > 0) problem(`failed to parse ${name} as map(${values}): ${JSON.stringify(field)} is no KEY:VALUE`);
    return [key, fromText(name, values, value)];
  }));
  return problem(`unsupported type ${type || typeName(preset ?? null)} for variable ${name}: give it as JSON in ${name}_JSON`);
}

/** A text of the environment as a primitive type; bools have more words there than in expressions. */
function fromText(name: string, type: string, text: string): Value {
  return type === "bool" ? named(name, "bool", () => readSwitch(text)) : ofType(name, type, text);
}

function readJson(name: string, text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    return problem(`failed to convert variable ${name} from JSON: ${(error as Error).message}`);
  }
}

/** What `--list variables` shows of a value. */
export function shownValue(value: Value, type: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "object") return JSON.stringify(value);
  return type === "" || type === "string" ? String(value) : JSON.stringify(value);
}
