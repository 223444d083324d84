import type { Value } from "../value.ts";

/** One step into a value: a name of an object, or an index of a list. */
export type Step = string | number;

/** An expression of HCL, as far as it was understood when the file was read. */
export type Expression =
  | { readonly kind: "literal"; readonly value: Value }
  /** Text with interpolations; one part alone keeps its type. */
  | { readonly kind: "template"; readonly parts: readonly Expression[] }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "variable"; readonly name: string; readonly path: readonly Step[] }
  | { readonly kind: "access"; readonly of: Expression; readonly path: readonly Step[] }
  | { readonly kind: "index"; readonly of: Expression; readonly key: Expression }
  | { readonly kind: "splat"; readonly of: Expression; readonly each: Expression }
  /** The item that a splat is at. */
  | { readonly kind: "item" }
  | { readonly kind: "conditional"; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly spread: boolean }
  | ForExpression
  /** What a `%{ for }` of a template makes, as one text. */
  | { readonly kind: "join"; readonly of: Expression };

export interface ForExpression {
  readonly kind: "for";
  readonly keyName: string | undefined;
  readonly valueName: string;
  readonly collection: Expression;
  /** Of `{ for … : key => value }`; without it a list is made. */
  readonly key: Expression | undefined;
  readonly value: Expression;
  readonly condition: Expression | undefined;
  /** `…` behind the value: values of equal keys are gathered in lists. */
  readonly grouped: boolean;
}

/** What stands in a file or a block: attributes by name, and blocks in order. */
export interface Body {
  readonly attributes: ReadonlyMap<string, Expression>;
  readonly blocks: readonly Block[];
}

export interface Block {
  readonly type: string;
  readonly label: string;
  readonly body: Body;
}
