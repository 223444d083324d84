import { isFault } from "../../std/fault.ts";
import { entriesOf, isEqual, isList, isMap, problem, toNumber, toSwitch, toText, typeName, type Value } from "../value.ts";
import { ofType, typeText } from "../value-type.ts";
import type { Expression, ForExpression, Step } from "./expression.ts";

/** What names mean where an expression stands. */
export interface Scope {
  /** The value of a name; `path` is what follows it, so that only that part need be evaluated. Undefined where there is no such name. */
  variable(name: string, path: readonly Step[]): Value | undefined;
  /** Calls a function; undefined where there is none of that name. */
  call(name: string, args: readonly Value[]): Value | undefined;
}

/** How deep expressions and functions may lie in each other. */
const DEPTH = 200;

/** The value of an expression. @throws BAKE_EXPRESSION */
export function evaluate(expression: Expression, scope: Scope, depth = 0): Value {
  if (depth > DEPTH) problem("the expression is nested too deeply");
  const at = (inner: Expression, where = scope): Value => evaluate(inner, where, depth + 1);
  switch (expression.kind) {
    case "literal": return expression.value;
    case "template": return expression.parts.length === 1 ? at(expression.parts[0]!) : expression.parts.map((part) => toText(at(part))).join("");
    case "join": return entriesOf(at(expression.of)).map(([, item]) => toText(item)).join("");
    case "list": return expression.items.map((item) => at(item));
    case "object": return Object.fromEntries(expression.entries.map(([key, value]) => [toText(at(key)), at(value)]));
    case "item": return scope.variable(ITEM, []) ?? null;
    case "variable": {
      const value = scope.variable(expression.name, expression.path);
      if (value === undefined) return problem(`there is no variable named ${JSON.stringify(expression.name)}`);
      return stepsInto(value, expression.path);
    }
    case "access": return stepsInto(at(expression.of), expression.path);
    case "index": return stepInto(at(expression.of), stepOf(at(expression.key)));
    case "splat": return splat(at(expression.of), (item) => at(expression.each, withVariables(scope, { [ITEM]: item })));
    case "conditional": return conditional(toSwitch(at(expression.condition)), () => at(expression.yes), () => at(expression.no));
    case "unary": return expression.operator === "!" ? !toSwitch(at(expression.operand)) : -toNumber(at(expression.operand));
    case "binary": return binary(expression.operator, () => at(expression.left), () => at(expression.right));
    case "call": return call(expression, scope, at);
    case "for": return forEach(expression, scope, at);
  }
}

/** No name of the language. */
const ITEM = "*";

/** A scope in which some more names mean something. */
export function withVariables(scope: Scope, variables: Readonly<Record<string, Value>>): Scope {
  return { ...scope, variable: (name, path) => (Object.hasOwn(variables, name) ? variables[name] : scope.variable(name, path)) };
}

function call({ name, args, spread }: Extract<Expression, { kind: "call" }>, scope: Scope, at: (inner: Expression) => Value): Value {
  if (name === "try" || name === "can") return attempt(name, args, at);
  if (name === "convert") return convert(args, at);
  const values = args.map((arg) => at(arg));
  const last = spread ? values.pop() : undefined;
  const given = last === undefined ? values : [...values, ...(isList(last) ? last : problem("only a list can be spread with ..."))];
  const result = scope.call(name, given);
  return result === undefined ? problem(`there is no function named ${JSON.stringify(name)}`) : result;
}

/** These two look at whether an expression can be evaluated at all. */
function attempt(name: "try" | "can", args: readonly Expression[], at: (inner: Expression) => Value): Value {
  for (const arg of args) {
    try {
      const value = at(arg);
      return name === "can" ? true : value;
    } catch (error) {
      if (!isFault(error, "BAKE_EXPRESSION")) throw error;
    }
  }
  return name === "can" ? false : problem("no argument of try can be evaluated");
}

/** The second argument is a type, and no expression. */
function convert(args: readonly Expression[], at: (inner: Expression) => Value): Value {
  const [value, type] = args.length === 2 ? args : problem(`function "convert" takes 2 arguments, not ${args.length}`);
  return ofType("a value", typeText(type!), at(value!));
}

function binary(operator: string, left: () => Value, right: () => Value): Value {
  switch (operator) {
    case "&&": return toSwitch(left()) && toSwitch(right());
    case "||": return toSwitch(left()) || toSwitch(right());
    case "==": return isEqual(left(), right());
    case "!=": return !isEqual(left(), right());
    default: return arithmetic(operator, toNumber(left()), toNumber(right()));
  }
}

function arithmetic(operator: string, left: number, right: number): Value {
  switch (operator) {
    case "+": return left + right;
    case "-": return left - right;
    case "*": return left * right;
    case "/": return right === 0 ? problem("division by zero") : left / right;
    case "%": return right === 0 ? problem("division by zero") : left % right;
    case ">": return left > right;
    case ">=": return left >= right;
    case "<": return left < right;
    default: return left <= right;
  }
}

/** Both results have one type: a string where one of two primitives is one. */
function conditional(condition: boolean, yes: () => Value, no: () => Value): Value {
  const [taken, other] = condition ? [yes(), no] : [no(), yes];
  if (typeof taken !== "number" && typeof taken !== "boolean") return taken;
  try {
    return typeof other() === "string" ? String(taken) : taken;
  } catch (error) {
    if (isFault(error, "BAKE_EXPRESSION")) return taken;
    throw error;
  }
}

function forEach({ keyName, valueName, collection, key, value, condition, grouped }: ForExpression, scope: Scope, at: (inner: Expression, where?: Scope) => Value): Value {
  const list: Value[] = [];
  const map = new Map<string, Value>();
  for (const [index, item] of entriesOf(at(collection))) {
    const inner = withVariables(scope, { ...(keyName === undefined ? {} : { [keyName]: index }), [valueName]: item });
    if (condition !== undefined && !toSwitch(at(condition, inner))) continue;
    const made = at(value, inner);
    if (key === undefined) {
      list.push(made);
      continue;
    }
    const name = toText(at(key, inner));
    if (grouped) map.set(name, [...((map.get(name) as readonly Value[] | undefined) ?? []), made]);
    else if (map.has(name)) problem(`two results have the key ${JSON.stringify(name)}: write ... behind the value to gather them`);
    else map.set(name, made);
  }
  return key === undefined ? list : Object.fromEntries(map);
}

function splat(value: Value, each: (item: Value) => Value): Value {
  if (value === null) return [];
  return (isList(value) ? value : [value]).map(each);
}

function stepsInto(value: Value, path: readonly Step[]): Value {
  return path.reduce(stepInto, value);
}

function stepInto(value: Value, step: Step): Value {
  if (isMap(value)) {
    const name = String(step);
    return Object.hasOwn(value, name) ? value[name]! : problem(`this object does not have an attribute named ${JSON.stringify(name)}`);
  }
  if (!isList(value)) return problem(`${typeName(value)} has no ${typeof step === "number" ? "elements" : `attribute ${JSON.stringify(step)}`}`);
  const index = Number(step);
  return Number.isInteger(index) && index >= 0 && index < value.length ? value[index]! : problem(`the list has no element ${JSON.stringify(step)}`);
}

function stepOf(value: Value): Step {
  return typeof value === "number" ? value : toText(value);
}
