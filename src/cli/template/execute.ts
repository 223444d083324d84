import { fault } from "../../std/fault.ts";
import { callFunction } from "./functions.ts";
import type { Node, Operand, Pipe } from "./node.ts";
import { parseTemplate } from "./parse.ts";
import { isTrue, show, typeName } from "./show.ts";

/**
 * The text that a Go template makes of a value. `override` replaces functions by name, for docker's table headers.
 * @throws TEMPLATE_INVALID
 */
export function executeTemplate(source: string, value: unknown, override: Overrides = {}): string {
  const run = new Execution(value, override);
  run.list(parseTemplate(source), value);
  return run.text;
}

export type Overrides = Readonly<Record<string, (...args: unknown[]) => unknown>>;

type Flow = "on" | "break" | "continue";

function invalid(problem: string): Error {
  return fault("TEMPLATE_INVALID", { problem });
}

/** One run over a tree: the text so far and the variables in scope. */
class Execution {
  text = "";
  readonly #override: Overrides;
  readonly #variables: { name: string; value: unknown }[];

  constructor(root: unknown, override: Overrides) {
    this.#override = override;
    this.#variables = [{ name: "$", value: root }];
  }

  list(nodes: readonly Node[], dot: unknown): Flow {
    const scope = this.#variables.length;
    for (const node of nodes) {
      const flow = this.#node(node, dot);
      if (flow !== "on") {
        this.#variables.length = scope;
        return flow;
      }
    }
    this.#variables.length = scope;
    return "on";
  }

  #node(node: Node, dot: unknown): Flow {
    switch (node.kind) {
      case "text":
        this.text += node.text;
        return "on";
      case "action": {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.text += show(value);
        return "on";
      }
      case "if":
      case "with": {
        const scope = this.#variables.length;
        const value = this.#pipe(node.pipe, dot);
        const flow = isTrue(value) ? this.list(node.body, node.kind === "with" ? value : dot) : this.list(node.otherwise, dot);
        this.#variables.length = scope;
        return flow;
      }
      case "range":
        return this.#range(node, dot);
      default:
        return node.kind;
    }
  }

  #range(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: unknown): Flow {
    const scope = this.#variables.length;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    const entries = rangeEntries(value);
    if (entries.length === 0) return this.list(node.otherwise, dot);
    const [first, second] = node.pipe.variables;
    for (const [key, member] of entries) {
      if (first !== undefined) this.#set(first, second === undefined ? member : key, node.pipe.assigns);
      if (second !== undefined) this.#set(second, member, node.pipe.assigns);
      const flow = this.list(node.body, member);
      this.#variables.length = scope;
      if (flow === "break") break;
    }
    return "on";
  }

  #set(name: string, value: unknown, assigns: boolean): void {
    if (!assigns) {
      this.#variables.push({ name, value });
      return;
    }
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) throw invalid(`undefined variable ${JSON.stringify(name)}`);
    found.value = value;
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown;
    pipe.commands.forEach((operands, at) => {
      value = this.#command(operands, dot, at === 0 ? [] : [value]);
    });
    for (const name of pipe.variables) this.#set(name, value, pipe.assigns);
    return value;
  }

  #command(operands: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    const [first, ...rest] = operands;
    if (first!.kind === "function") return this.#call(first!.name, rest, dot, piped);
    if (rest.length === 0 && piped.length === 0) return this.#operand(first!, dot);
    const method = first!.kind === "path" ? this.#path(first!, dot) : undefined;
    if (typeof method !== "function") throw invalid("can't give argument to non-function");
    return (method as Overrides[string])(...rest.map((operand) => this.#operand(operand, dot)), ...piped);
  }

  #call(name: string, operands: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    if (name === "and" || name === "or") {
      let value: unknown;
      for (const next of [...operands.map((operand) => () => this.#operand(operand, dot)), ...piped.map((last) => () => last)]) {
        value = next();
        if (isTrue(value) === (name === "or")) return value;
      }
      return value;
    }
    const args = [...operands.map((operand) => this.#operand(operand, dot)), ...piped];
    const override = this.#override[name];
    return override ? override(...args) : callFunction(name, args);
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case "value":
        return operand.value;
      case "function":
        return this.#call(operand.name, [], dot, []);
      case "path": {
        const value = this.#path(operand, dot);
        if (typeof value === "function") throw invalid(`wrong number of args for ${operand.fields.at(-1)}: got 0`);
        return value;
      }
    }
  }

  /** A value, or a method to be called (`withMethods`). */
  #path(operand: Extract<Operand, { kind: "path" }>, dot: unknown): unknown {
    return operand.fields.reduce(readField, this.#origin(operand.from, dot));
  }

  #origin(from: Extract<Operand, { kind: "path" }>["from"], dot: unknown): unknown {
    if (from === ".") return dot;
    if ("commands" in from) return this.#pipe(from, dot);
    const found = this.#variables.findLast((variable) => variable.name === from.variable);
    if (!found) throw invalid(`undefined variable ${JSON.stringify(from.variable)}`);
    return found.value;
  }
}

function readField(value: unknown, name: string): unknown {
  if (value instanceof Map) return value.get(name);
  if (value === null || value === undefined) throw invalid(`nil pointer evaluating .${name}`);
  if (typeof value === "object" && !Array.isArray(value)) {
    if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
    throw invalid(`can't evaluate field ${name}: the fields are ${Object.keys(value).join(", ")}`);
  }
  throw invalid(`can't evaluate field ${name} in type ${typeName(value)}`);
}

function rangeEntries(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((member, at) => [at, member]);
  if (value instanceof Map) return [...value].sort(([a], [b]) => (show(a) < show(b) ? -1 : 1));
  if (typeof value === "number") return Array.from({ length: value }, (_none, at) => [at, at]);
  if (value === null || value === undefined) return [];
  throw invalid(`range can't iterate over ${show(value)}`);
}
