/** One key of the configuration, for its reference. */
export interface ConfigKey {
  /** `access.grants[].who` */
  readonly key: string;
  readonly description: string;
  /** As it would be written; nothing where there is none. */
  readonly fallback: string | undefined;
}

interface Shape {
  readonly type: string;
  readonly wrapped?: Shape;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly item?: Shape;
  readonly value?: Shape;
  readonly pipe?: readonly (Shape & { readonly description?: string })[];
}

/** Every key of a schema in its order, with what is said of it. */
export function describeConfig(schema: unknown, prefix = ""): readonly ConfigKey[] {
  return Object.entries((schema as Shape).entries ?? {}).flatMap(([name, shape]) => {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const { inner, description, fallback } = open(shape);
    const list = inner.type === "array" && inner.item?.type === "strict_object" ? describeConfig(inner.item, `${key}[]`) : [];
    const map = inner.type === "record" && inner.value?.type === "strict_object" ? describeConfig(inner.value, `${key}.NAME`) : [];
    return [{ key, description, fallback }, ...(inner.type === "strict_object" ? describeConfig(inner, key) : []), ...list, ...map];
  });
}

/** Takes off what is around a schema: optional, pipes; and gathers what these say. */
function open(shape: Shape): { inner: Shape; description: string; fallback: string | undefined } {
  let inner = shape;
  let description = "";
  let fallback: string | undefined;
  for (;;) {
    description = inner.pipe?.find((step) => step.type === "description")?.description ?? description;
    if (inner.default !== undefined && typeof inner.default !== "object") fallback = String(inner.default);
    if (inner.wrapped !== undefined) inner = inner.wrapped;
    else {
      const list = inner.type === "unknown" ? inner.pipe?.find(({ type }) => type === "array") : undefined;
      return { inner: list ?? inner, description, fallback };
    }
  }
}
