import { suggest } from "../dockerfile/suggest.ts";
import { didYouMean } from "../std/fault-spec.ts";
import { fault, isFault } from "../std/fault.ts";
import { callFunction } from "./functions/functions.ts";
import { evaluate, withVariables, type Scope } from "./hcl/evaluate.ts";
import type { Block, Body, Expression, Step } from "./hcl/expression.ts";
import { isTargetKey, mergeTarget, readKey, targetKeys, type Group, type Target } from "./target.ts";
import { isList, isMap, problem, toList, toSwitch, toText, type Value, type ValueMap } from "./value.ts";
import { readVariable, shownValue, variableValue, type Lookup, type Variable } from "./variables.ts";

/** What bake files define. */
export interface Definition {
  readonly groups: readonly Group[];
  readonly targets: readonly Target[];
  readonly warnings: readonly string[];
  readonly variables: readonly { readonly name: string; readonly description: string; readonly type: string; readonly value: string | undefined }[];
}

export interface DefinitionOptions {
  /** `--var` and the environment. */
  readonly lookup: Lookup;
  /** Variables that every file has: BAKE_CMD_CONTEXT, BAKE_LOCAL_PLATFORM. */
  readonly builtIn: Readonly<Record<string, string>>;
}

/** A target block, or one of several that its matrix makes. */
interface Instance {
  readonly name: string;
  readonly block: Block;
  readonly scope: Scope;
}

/**
 * Evaluates bake files: variables, functions, groups and targets, each name when it is first asked for. Targets of one name
 * add up in the order of the files.
 * @throws BAKE_EXPRESSION with the place that is to blame
 */
export function evaluateDefinition(bodies: readonly Body[], options: DefinitionOptions): Definition {
  const run = new Evaluation(bodies, options);
  return { variables: run.variables(), targets: run.targets(), groups: run.groups(), warnings: [...run.warnings] };
}

class Evaluation {
  readonly warnings = new Set<string>();
  readonly #options: DefinitionOptions;
  readonly #blocks: readonly Block[];
  readonly #attributes = new Map<string, Expression>();
  readonly #variables = new Map<string, Variable>();
  readonly #functions = new Map<string, Block>();
  readonly #values = new Map<string, Value>();
  readonly #working = new Set<string>();
  readonly #instances: Instance[] = [];
  readonly #renamed = new Map<string, string[]>();
  readonly #scope: Scope = {
    variable: (name, path) => this.#variable(name, path),
    call: (name, args) => this.#call(name, args),
  };

  constructor(bodies: readonly Body[], options: DefinitionOptions) {
    this.#options = options;
    this.#blocks = bodies.flatMap(({ blocks }) => blocks);
    for (const { attributes } of bodies) for (const [name, expression] of attributes) this.#attributes.set(name, expression);
    for (const block of this.#blocks) {
      if (block.type === "variable") this.#variables.set(block.label, at(`variable ${JSON.stringify(block.label)}`, () => readVariable(block, this.#scope)));
      if (block.type === "function") this.#functions.set(block.label, block);
    }
    for (const block of this.#blocks) if (block.type === "target") this.#addInstances(block);
  }

  variables(): Definition["variables"] {
    const list = [...this.#variables.values()].map((variable) => {
      const value = this.#variable(variable.name, [])!;
      return { name: variable.name, description: variable.description, type: variable.type, value: shownValue(value, variable.type) };
    });
    for (const { name, validations } of this.#variables.values()) for (const { body } of validations) this.#validate(name, body);
    for (const name of this.#attributes.keys()) this.#variable(name, []);
    return list.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  targets(): Target[] {
    const byName = new Map<string, Target>();
    for (const instance of this.#instances) {
      const values = [...instance.block.body.attributes.keys()].filter((key) => key !== "matrix" && key !== "name");
      const target = values.reduce<Target>((made, key) => ({ ...made, ...this.#key(instance, key) }), { name: instance.name });
      const before = byName.get(instance.name);
      byName.set(instance.name, before ? mergeTarget(before, target) : target);
    }
    return [...byName.values()];
  }

  groups(): Group[] {
    const groups = new Map<string, Group>();
    for (const { type, label, body } of this.#blocks) {
      if (type !== "group") continue;
      const group = at(`group ${JSON.stringify(label)}`, () => readGroup(label, body, this.#scope));
      groups.set(label, group);
    }
    // The label of a matrix stands for all that it makes.
    for (const [name, targets] of this.#renamed) if (targets.some((target) => target !== name)) groups.set(name, { name, targets: [...new Set([...(groups.get(name)?.targets ?? []), ...targets])] });
    return [...groups.values()];
  }

  #variable(name: string, path: readonly Step[]): Value | undefined {
    if (Object.hasOwn(this.#options.builtIn, name)) return this.#options.builtIn[name]!;
    if (name === "target" || name === "group") return name === "target" ? this.#otherTarget(path) : undefined;
    const variable = this.#variables.get(name);
    const attribute = this.#attributes.get(name);
    if (attribute === undefined && variable === undefined) return undefined;
    return this.#once(`variable ${JSON.stringify(name)}`, () => (attribute
      ? evaluate(attribute, this.#scope)
      : variableValue(variable!, this.#options.lookup, (other) => this.#variables.has(other), this.#scope)));
  }

  /** `target.NAME.KEY`: only that key is evaluated, so that targets may use each other's. */
  #otherTarget([name, key]: readonly Step[]): Value {
    const found = this.#instances.filter((instance) => instance.name === String(name));
    if (found.length === 0) return problem(`there is no target named ${JSON.stringify(name)}`);
    if (key === undefined) return problem("a target cannot be used as a variable: name one of its keys");
    const value = found.reduce<Partial<Target>>((all, instance) => ({ ...all, ...this.#key(instance, String(key)) }), {});
    return { [String(name)]: { [String(key)]: ((value as Record<string, Value>)[String(key)] ?? null) } };
  }

  #key({ name, block, scope }: Instance, key: string): Partial<Target> {
    const where = `target ${JSON.stringify(name)}, ${key}`;
    const expression = block.body.attributes.get(key);
    if (key === "policy" || key === "resources") throw fault("BAKE_KEY_LATER", { target: block.label, key, hint: `remove ${key} from the file` });
    if (!isTargetKey(key)) {
      // buildx goes on as well, and says nothing.
      this.warnings.add(`target ${JSON.stringify(block.label)}: the key ${key} is not known and has no effect${didYouMean(suggest(key, targetKeys))}`);
      return {};
    }
    if (expression === undefined) return {};
    return at(where, () => readKey(key, this.#guarded(`${this.#blocks.indexOf(block)} ${where}`, () => evaluate(expression, scope))));
  }

  #addInstances(block: Block): void {
    const label = block.label;
    at(`target ${JSON.stringify(label)}`, () => {
      const [matrix, name] = [block.body.attributes.get("matrix"), block.body.attributes.get("name")];
      if (matrix === undefined && name !== undefined) problem("name requires matrix");
      const combinations = matrix === undefined ? [{}] : combine(evaluate(matrix, this.#scope));
      const names = combinations.map((variables) => {
        const scope = withVariables(this.#scope, variables);
        const made = name === undefined ? label : toText(evaluate(name, scope));
        checkName(made);
        this.#instances.push({ name: made, block, scope });
        return made;
      });
      const twice = names.find((made, index) => names.indexOf(made) !== index);
      if (twice !== undefined) problem(`duplicate name ${JSON.stringify(twice)}`);
      this.#renamed.set(label, [...(this.#renamed.get(label) ?? []), ...names]);
    });
  }

  #call(name: string, args: readonly Value[]): Value | undefined {
    const own = this.#functions.get(name);
    if (own === undefined) return callFunction(name, args);
    const { attributes } = own.body;
    const params = keywords(attributes.get("params") ?? problem(`empty params not allowed for ${name}`));
    const [variadic] = attributes.has("variadic_params") ? keywords(attributes.get("variadic_params")!) : [];
    if (args.length < params.length || (variadic === undefined && args.length > params.length)) problem(`function ${JSON.stringify(name)} takes ${params.length} arguments, not ${args.length}`);
    const variables = Object.fromEntries([...params.map((param, index) => [param, args[index]!] as const), ...(variadic === undefined ? [] : [[variadic, args.slice(params.length)] as const])]);
    const result = attributes.get("result") ?? problem(`empty result not allowed for ${name}`);
    return this.#guarded(`function ${JSON.stringify(name)}`, () => evaluate(result, withVariables(this.#scope, variables)));
  }

  #validate(name: string, { attributes }: Body): void {
    at(`variable ${JSON.stringify(name)}`, () => {
      const condition = attributes.get("condition") ?? problem("a validation needs a condition");
      if (toSwitch(evaluate(condition, this.#scope))) return;
      const message = attributes.get("error_message");
      problem(`validation failed: ${message ? toText(evaluate(message, this.#scope)) : "this check failed"}`);
    });
  }

  #once(what: string, work: () => Value): Value {
    const known = this.#values.get(what);
    if (known !== undefined) return known;
    const value = at(what, () => this.#guarded(what, work));
    this.#values.set(what, value);
    return value;
  }

  #guarded(what: string, work: () => Value): Value {
    if (this.#working.has(what)) problem(`${what.replace(/^\d+ /, "")} refers to itself`);
    this.#working.add(what);
    try {
      return work();
    } finally {
      this.#working.delete(what);
    }
  }
}

/** Adds the place to what is wrong with an expression; the innermost one counts. */
function at<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!isFault(error, "BAKE_EXPRESSION") || (error.details as { readonly where?: string }).where !== undefined) throw error;
    throw fault("BAKE_EXPRESSION", { where, problem: error.message }, { cause: error.cause });
  }
}

function readGroup(name: string, { attributes }: Body, scope: Scope): Group {
  checkName(name);
  for (const key of attributes.keys()) {
    if (key === "matrix" || key === "name") problem(`${key} is not supported for groups`);
    if (key !== "targets" && key !== "description") problem(`an argument named ${JSON.stringify(key)} is not expected here`);
  }
  const targets = toList(evaluate(attributes.get("targets") ?? problem("a group needs targets"), scope)).map(toText);
  const description = attributes.get("description");
  return { name, targets: [...new Set(targets)], ...(description ? { description: toText(evaluate(description, scope)) } : {}) };
}

const LIMIT = 10_000;

/** Every combination of the values of a matrix. */
function combine(matrix: Value): ValueMap[] {
  if (!isMap(matrix)) return problem("matrix must be a map");
  return Object.keys(matrix).sort().reduce<ValueMap[]>((all, name) => {
    const values = matrix[name]!;
    if (!isList(values)) problem("matrix values must be a list");
    if (all.length * (values as readonly Value[]).length > LIMIT) problem("the matrix makes too many targets");
    return (values as readonly Value[]).flatMap((value) => all.map((variables) => ({ ...variables, [name]: value })));
  }, [{}]);
}

/** @throws BAKE_EXPRESSION in buildx's words */
export function checkName(name: string): void {
  if (!/^[a-zA-Z0-9_-]+$/.test(name)) problem(`invalid name ${JSON.stringify(name)}: only "[a-zA-Z0-9_-]+" are allowed`);
}

/** Names that are written where an expression could stand. */
function keywords(expression: Expression): string[] {
  const items = expression.kind === "list" ? expression.items : [expression];
  return items.map((item) => {
    const inner = item.kind === "template" && item.parts.length === 1 ? item.parts[0]! : item;
    if (inner.kind === "variable" && inner.path.length === 0) return inner.name;
    return inner.kind === "literal" && typeof inner.value === "string" ? inner.value : problem("each parameter name must be an identifier");
  });
}
