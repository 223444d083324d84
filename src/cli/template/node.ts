/** The tree of a template (Go's text/template/parse, the part of it that formats use). */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe }
  | { readonly kind: "if" | "with" | "range"; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: "break" | "continue" };

/** `$a, $b := first | second` */
export interface Pipe {
  readonly variables: readonly string[];
  /** `=` to a variable that is there, instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly (readonly Operand[])[];
}

export type Operand =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "function"; readonly name: string }
  /** Dot, a variable or a pipe in parentheses, and the fields that are read from it. */
  | { readonly kind: "path"; readonly from: "." | Pipe | { readonly variable: string }; readonly fields: readonly string[] };
